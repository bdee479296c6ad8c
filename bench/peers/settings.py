"""What the bench tells a peer, by environment variables."""

import os

BOOTSTRAP = os.environ.get("BENCH_BOOTSTRAP", "")
ORDERS = os.environ.get("BENCH_ORDERS", "")
DECISIONS = os.environ.get("BENCH_DECISIONS", "")
PARTITIONS = int(os.environ.get("BENCH_PARTITIONS", "4"))
GROUP = os.environ.get("BENCH_GROUP", "")
FOLDER = os.environ.get("BENCH_FOLDER", "")

VALUE = float(os.environ.get("BENCH_VALUE", "0"))
QUANTITY_MAX = float(os.environ.get("BENCH_QUANTITY_MAX", "0"))
NOTIONAL_MAX = float(os.environ.get("BENCH_NOTIONAL_MAX", "0"))
EXPOSURE_MAX = float(os.environ.get("BENCH_EXPOSURE_MAX", "0"))
DRAWDOWN_DAY_MAX = float(os.environ.get("BENCH_DRAWDOWN_DAY_MAX", "0"))
DRAWDOWN_MONTH_MAX = float(os.environ.get("BENCH_DRAWDOWN_MONTH_MAX", "0"))
RATE_MAX = int(os.environ.get("BENCH_RATE_MAX", "0"))
AGE_MAX_MS = int(os.environ.get("BENCH_AGE_MAX_MS", "0"))

DAY_MS = 86_400_000
