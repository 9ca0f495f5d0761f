"""The ServerApp: FedAvg of coefficients and intercepts."""

import numpy as np
from flwr.app import ArrayRecord, Context
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

from sklearnexample.task import create_log_reg_and_instantiate_parameters, get_model_params

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    num_rounds: int = context.run_config["num-server-rounds"]
    model = create_log_reg_and_instantiate_parameters(context.run_config["strength"])
    arrays = ArrayRecord(get_model_params(model))

    min_available_nodes: int = context.run_config["min-available-nodes"]
    strategy = FedAvg(min_available_nodes=min_available_nodes)
    result = strategy.start(grid=grid, initial_arrays=arrays, num_rounds=num_rounds)
    np.savez("final_model.npz", *result.arrays.to_numpy_ndarrays())
