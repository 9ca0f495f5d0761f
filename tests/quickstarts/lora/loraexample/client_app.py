"""The ClientApp: gets adapters, trains them, sends them back."""

import torch
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from peft import get_peft_model_state_dict, set_peft_model_state_dict

from loraexample.dataset import load_data
from loraexample.models import cosine_annealing, get_model

app = ClientApp()


@app.train()
def train(msg: Message, context: Context):
    cfg = context.run_config
    tokens = load_data(context.node_config["partition-id"])
    model = get_model(cfg["lora-r"], cfg["lora-alpha"])
    set_peft_model_state_dict(model, msg.content["arrays"].to_torch_state_dict())

    rate = cosine_annealing(
        msg.content["config"]["server-round"],
        cfg["num-server-rounds"],
        cfg["learning-rate-max"],
        cfg["learning-rate-min"],
    )
    model.train()
    optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=rate)
    loss = torch.tensor(0.0)
    for _ in range(cfg["max-steps"]):
        optimizer.zero_grad()
        loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        optimizer.step()

    arrays = ArrayRecord(get_peft_model_state_dict(model))
    metrics = MetricRecord({"train_loss": loss.item(), "num-examples": len(tokens)})
    content = RecordDict({"arrays": arrays, "metrics": metrics})
    return Message(content=content, reply_to=msg)
