[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "$name"
version = "0.1.0"
description = "A federated app"
license = "Apache-2.0"
requires-python = ">=3.11"
dependencies = ["anml-fl[simulation]"] # with Flower, Ray, torch and scikit-learn

[dependency-groups]
dev = ["pytest"]

[tool.hatch.build.targets.wheel]
packages = ["$package"]

[tool.flwr.app]
publisher = "you"
fab-include = ["/$package/**/*.py"] # neither runs nor tests travel to the nodes

[tool.flwr.app.components]
serverapp = "$package.server_app:app"
clientapp = "$package.client_app:app"

[tool.flwr.app.config]
# `flwr run . --run-config "num-server-rounds=10"` changes one for a run.
num-server-rounds = 3
local-epochs = 5
learning-rate = 0.1
fraction-evaluate = 1.0
save = "runs/$name"

[tool.uv]
# Before each run Flower installs what the app depends on. This is there already: where `flwr` is.
exclude-dependencies = ["anml-fl"]
default-groups = []

[tool.pytest.ini_options]
pythonpath = ["."]
testpaths = ["tests"]
