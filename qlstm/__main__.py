"""``python -m qlstm`` is the command ``qlstm``."""

from qlstm.cli import main

main()
