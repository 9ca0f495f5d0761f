# $name

A federated app: its clients train one network together, each on data of its own, and each gets a weight
in every round, and a reason for it.

| file | what is in it |
|---|---|
| `$package/task.py` | the network, each client's data, how it trains, how it is tested: put your own here |
| `$package/client_app.py` | Flower's ClientApp; the mod `echo_nonce` binds a reply to its round |
| `$package/server_app.py` | Flower's ServerApp; its strategy is `Anml` |
| `pyproject.toml` | settings of `flwr run`, under `[tool.flwr.app.config]` |
| `tests/test_app.py` | the app's own test: four clients in one process |

## Run it

```sh
# the app's own test
python -m pytest
# the task alone: several strategies side by side, in this process
anml run --task $package.task
# the app, on Flower's simulation
flwr run . --stream --federation-config "num-supernodes=8"
```

The second and third need nothing of each other: `anml run` brings a client and a server of its own, and takes from
the app its task alone; `flwr run` takes all of it. Each leaves a folder in `runs/`:

```sh
# the folder against its signed ledger
anml verify runs/$name
# serves the pages of all runs on http://127.0.0.1:8080
anml page runs
```

`Anml(...)` is the published gate, for clients with similar data. Where they differ, give the server some dozens of rows
whose labels it trusts, of every class: `Anml("calibrated", root=RootSet(task.Net(), features, labels, classes), ...)`.
`anml run --task` shows the two beside each other, `calibrated` without such rows.

Krum's score, by which updates are compared, needs four clients; `flwr run .` alone brings up two. Settings are changed for one run by
`--run-config "num-server-rounds=10 learning-rate=0.05"`. Where there is a folder of a finished run already, the next
one is `runs/$name-2`. The SuperLink that `flwr run` starts goes on after the run, and relative paths are
seen from the folder in which it was first started: what it prints names the whole path.

## Your own task

`load_data(partition_id, num_partitions)` returns two loaders, `train(net, trainloader, epochs, lr, device)` changes the
network, `test(net, testloader, device)` returns (loss, accuracy). Whatever a loader gives goes to `train` and `test` as it is.
What your code needs besides goes into `dependencies` in `pyproject.toml`. On real machines a node has no `partition-id`
but data of its own: read it in `load_data` from where the node keeps it.
