"""PyTorch modules, those of Lightning among them.

flavor        saves and loads a module: its weights as data, and how to build it again
state         what is saved of a module; it may be read off while a training goes on
file          the safetensors file
layers        layers as data, and built again
arguments     what a class was called with; main finds classes of the script that runs
lightning     Lightning's modules
asking        predictions that leave no trace in the module
export        the program that MLflow reads; mlflow reads what MLflow saved
"""

from .flavor import flavor

__all__ = ["flavor"]
