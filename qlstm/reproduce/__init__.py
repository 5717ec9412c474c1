"""The paper's tables and figures, computed: experiments as data, and what runs, sums up, prints and draws them."""
