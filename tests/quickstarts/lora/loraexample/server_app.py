"""The ServerApp: FedAvg of adapters, which it writes down after the last round."""

from flwr.app import ArrayRecord, ConfigRecord, Context, MetricRecord
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg
from peft import get_peft_model_state_dict, set_peft_model_state_dict

from loraexample.models import get_model

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    cfg = context.run_config
    model = get_model(cfg["lora-r"], cfg["lora-alpha"])
    arrays = ArrayRecord(get_peft_model_state_dict(model))

    strategy = FedAvg(
        fraction_train=cfg["fraction-train"],
        fraction_evaluate=cfg["fraction-evaluate"],
    )
    strategy.start(
        grid=grid,
        initial_arrays=arrays,
        train_config=ConfigRecord({"save-path": "adapters"}),
        num_rounds=cfg["num-server-rounds"],
        evaluate_fn=get_evaluate_fn(cfg),
    )


def get_evaluate_fn(cfg):
    """A function that tests nothing: it is called after each round, and writes the last."""

    def evaluate(server_round: int, arrays: ArrayRecord) -> MetricRecord:
        if server_round == cfg["num-server-rounds"]:
            model = get_model(cfg["lora-r"], cfg["lora-alpha"])
            set_peft_model_state_dict(model, arrays.to_torch_state_dict())
            model.save_pretrained("adapters")
        return MetricRecord()

    return evaluate
