"""Which attributes of a fitted model become metrics, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping

NUMBERS: Mapping[str, str] = {
    "n_iter_": "iterations until the solver stopped (the most, where it ran several times)",
    "inertia_": "sum of squared distances to the nearest cluster center",
    "oob_score_": "score on the rows that each tree did not see",
    "alpha_": "strength of the regularisation that was chosen",
    "C_": "inverse strength of the regularisation that was chosen",
    "l1_ratio_": "share of the L1 penalty that was chosen",
    "lambda_": "precision of the weights",
    "sigma_": "scale of the error",
    "scale_": "scale of the error",
    "lower_bound_": "lower bound of the log-likelihood",
    "reconstruction_err_": "distance between the data and its reconstruction",
    "reconstruction_error_": "distance between the data and its reconstruction",
    "kl_divergence_": "Kullback-Leibler divergence after optimisation",
    "stress_": "sum of squared differences between the distances before and after",
    "bound_": "perplexity on the training set",
    "noise_variance_": "variance that the components leave",
    "n_components_": "components that were kept",
    "n_clusters_": "clusters that were found",
    "n_estimators_": "estimators that were fitted",
    "best_loss_": "lowest loss that was reached",
    "best_validation_score_": "highest score on the held-out rows",
    "n_trials_": "trials until a consensus was found",
    "log_marginal_likelihood_value_": "log marginal likelihood of the kernel",
    "n_features_": "features that were kept",
}
"""Attributes that become a metric, named without the last underscore, and their meaning."""

HISTORIES: Mapping[str, tuple[str, str]] = {
    "loss_curve_": ("loss", "loss of each iteration"),
    "validation_scores_": ("validation_score", "score on the held-out rows after each iteration"),
    "validation_score_": ("validation_score", "score on the held-out rows after each iteration"),
    "train_score_": ("train_score", "loss or score on the training rows after each iteration"),
    "oob_improvement_": ("oob_improvement", "improvement of the out-of-bag loss by each iteration"),
    "oob_scores_": ("oob_loss", "out-of-bag loss after each iteration"),
    "estimator_errors_": ("estimator_error", "error of each estimator"),
}
"""Attributes that become a metric with a step for each iteration: its name and meaning."""

DERIVED: Mapping[str, str] = {
    "n_support_vectors": "support vectors, of all classes together",
    "n_leaves": "leaves of the tree",
    "depth": "depth of the tree",
    "n_estimators": "estimators inside",
    "explained_variance_ratio": "share of the variance that the components explain together",
}
