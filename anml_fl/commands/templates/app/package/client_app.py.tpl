"""The ClientApp: one client's part of a round."""

from anml_fl import echo_nonce
from flwr.app import ArrayRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from $package import task

# The mod puts the round's secret into each reply: without it no reply counts.
app = ClientApp(mods=[echo_nonce])


@app.train()
def train(message, context):
    """Train the global model on this client's data."""
    net, (trainloader, _) = _net(message), _loaders(context)
    loss = task.train(
        net,
        trainloader,
        context.run_config["local-epochs"],
        message.content["config"]["lr"],
        "cpu",
    )
    metrics = {"train_loss": loss, "num-examples": len(trainloader.dataset)}
    arrays = ArrayRecord(net.state_dict())
    content = RecordDict({"arrays": arrays, "metrics": MetricRecord(metrics)})
    return Message(content, reply_to=message)


@app.evaluate()
def evaluate(message, context):
    """Test the global model on this client's data: a claim, which weighs nothing."""
    net, (_, testloader) = _net(message), _loaders(context)
    loss, accuracy = task.test(net, testloader, "cpu")
    metrics = {
        "eval_loss": loss,
        "eval_acc": accuracy,
        "num-examples": len(testloader.dataset),
    }
    return Message(RecordDict({"metrics": MetricRecord(metrics)}), reply_to=message)


def _net(message):
    net = task.Net()
    net.load_state_dict(message.content["arrays"].to_torch_state_dict())
    return net


def _loaders(context):
    node = context.node_config
    return task.load_data(node["partition-id"], node["num-partitions"])
