"""The Python SDK's own build in local mode, which asks localhost:7181."""

import sys

from tinybird_sdk.cli.commands.build import run_build

folder = sys.argv[1]

built = run_build({"cwd": folder, "dev_mode_override": "local"})
assert built.success, built.error
assert built.deploy["result"] == "success", built.deploy
print("works run_build, in local mode")

again = run_build({"cwd": folder, "dev_mode_override": "local"})
assert again.success, again.error
print("works run_build, without changes")
