"""The ServerApp: rounds in which each client gets a weight, and a reason for it."""

from anml_fl import Anml
from flwr.app import ArrayRecord, ConfigRecord, MetricRecord
from flwr.serverapp import ServerApp

from $package import task

app = ServerApp()


@app.main()
def main(grid, context):
    """Train with whoever is connected; records, ledger and page go into a folder."""
    config = context.run_config
    strategy = Anml(fraction_evaluate=config["fraction-evaluate"], save=config["save"])
    strategy.start(
        grid=grid,
        initial_arrays=ArrayRecord(task.Net().state_dict()),
        num_rounds=config["num-server-rounds"],
        train_config=ConfigRecord({"lr": config["learning-rate"]}),
        evaluate_fn=evaluate,
    )


def evaluate(server_round, arrays):
    """Test the global model on data that no client has."""
    net = task.Net()
    net.load_state_dict(arrays.to_torch_state_dict())
    loss, accuracy = task.test(net, task.load_centralized_dataset(), "cpu")
    return MetricRecord({"loss": loss, "accuracy": accuracy})
