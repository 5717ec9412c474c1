"""Two recorded series that come with statsmodels: sunspots and carbon dioxide; nothing is downloaded.

Sunspots: yearly means of the sunspot number, 1700 to 2008, 309 values, none missing (National Geophysical Data Center, as in
``statsmodels.datasets.sunspots``).

Carbon dioxide: weekly means in the air of Mauna Loa, 29 March 1958 to 29 December 2001, in ppm, 59 of 2284 missing
(Keeling and Whorf, Scripps, as in ``statsmodels.datasets.co2``). The level rises through all of the record, so a model
would be tested where it was never trained; what is forecast is the change from month to month, x_t = c_t - c_{t-1} with
c_t the mean of the weeks of a month that have a value. A month without any is filled in on the straight line between its
neighbours; ``source`` says how many there were.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from backends.errors import InputError
from qlstm.tasks.series import Series


def sunspots() -> Series:
    """Yearly sunspot numbers, 309 points.

    Raises:
        InputError: Without statsmodels.
    """
    table = _dataset("sunspots")
    years = table["YEAR"].to_numpy().astype(int)
    source = f"yearly sunspot number, {years[0]} to {years[-1]}, NGDC, by statsmodels"
    return Series.univariate("sunspots", table["SUNACTIVITY"].to_numpy(dtype=np.float64), "sunspots", source)


def co2() -> Series:
    """Change of carbon dioxide from month to month in ppm, 525 points.

    Raises:
        InputError: Without statsmodels.
    """
    months = _dataset("co2")["co2"].resample("MS").mean()  # of the weeks that have a value
    level, at = months.to_numpy(dtype=np.float64), np.arange(len(months))
    known = np.isfinite(level)
    filled = np.interp(at, at[known], level[known])
    source = (
        f"monthly change of CO2 at Mauna Loa in ppm, {months.index[1]:%Y-%m} to {months.index[-1]:%Y-%m}, Scripps, by"
        f" statsmodels; {int((~known).sum())} of {len(level)} months without a value lie on the line between their neighbours"
    )
    return Series.univariate("co2", np.diff(filled), "co2_change", source)


def _dataset(name: str) -> Any:
    """The table of a data set as it comes with statsmodels."""
    try:
        from statsmodels import datasets
    except ImportError as error:
        raise InputError(
            f"{name} comes with statsmodels, which is not installed ({error}):"
            " install it with pip install 'qpartition[data]', or choose another task"
        ) from None
    return getattr(datasets, name).load_pandas().data
