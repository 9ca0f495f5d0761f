"""The ClientApp: trains, and tests nothing."""

import warnings

from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from sklearn.metrics import log_loss

from sklearnexample.task import (
    UNIQUE_LABELS,
    create_log_reg_and_instantiate_parameters,
    get_model_params,
    load_data,
    set_model_params,
)

app = ClientApp()


@app.train()
def train(msg: Message, context: Context):
    model = create_log_reg_and_instantiate_parameters(context.run_config["strength"])
    set_model_params(model, msg.content["arrays"].to_numpy_ndarrays())
    features, labels = load_data(
        context.node_config["partition-id"], context.node_config["num-partitions"]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one iteration does not converge
        model.fit(features, labels)
    metrics = {
        "num-examples": len(features),
        "train_logloss": log_loss(labels, model.predict_proba(features), labels=UNIQUE_LABELS),
        "train_accuracy": model.score(features, labels),
    }
    content = RecordDict(
        {"arrays": ArrayRecord(get_model_params(model)), "metrics": MetricRecord(metrics)}
    )
    return Message(content=content, reply_to=msg)
