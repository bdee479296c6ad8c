"""`python -m risk_stream` is `risk-stream`."""

from risk_stream.cli.main import main

if __name__ == "__main__":
    main()
