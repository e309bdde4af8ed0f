"""Start the landscape: `python -m integration_hub.sandbox --port-base 9400 --state var/sandbox.sqlite3 --seed 7`."""

from .server import main

if __name__ == "__main__":
    main()
