"""The model, its parameters as arrays, the data."""

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

UNIQUE_LABELS = [0, 1, 2]
FEATURES = ["petal_length", "petal_width", "sepal_length", "sepal_width"]


def get_model_params(model):
    if model.fit_intercept:
        return [model.coef_, model.intercept_]
    return [model.coef_]


def set_model_params(model, params):
    model.coef_ = params[0]
    if model.fit_intercept:
        model.intercept_ = params[1]
    return model


def create_log_reg_and_instantiate_parameters(strength):
    """All parameters are zeros until `fit` is called."""
    model = LogisticRegression(C=strength, max_iter=1, warm_start=True)
    model.classes_ = np.array(UNIQUE_LABELS)
    return set_model_params(
        model, [np.zeros((len(UNIQUE_LABELS), len(FEATURES))), np.zeros(len(UNIQUE_LABELS))]
    )


def load_data(partition_id: int, num_partitions: int):
    rows = slice(partition_id, None, num_partitions)
    features, labels = load_iris(return_X_y=True)
    return features[rows], labels[rows]
