"""Feed-forward networks are their equations and treat each token by itself."""

import torch
import torch.nn.functional as F

from cutaway.nn.feedforward import ACTIVATIONS, Dense, Gated


def test_dense_is_its_equation() -> None:
    network, x = Dense(5, 11, F.relu), torch.randn(2, 3, 5)
    expected = F.relu(x @ network.up.weight.T + network.up.bias) @ network.down.weight.T + network.down.bias
    torch.testing.assert_close(network(x), expected)


def test_gated_is_its_equation() -> None:
    network, x = Gated(5, 11, F.silu), torch.randn(2, 3, 5)
    gate, up, down = (layer.weight.T for layer in (network.gate, network.up, network.down))
    torch.testing.assert_close(network(x), (F.silu(x @ gate) * (x @ up)) @ down)


def test_squared_relu_and_its_gradient() -> None:
    x = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
    y = ACTIVATIONS["squared_relu"](x)
    assert y.tolist() == [0, 0, 9]
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [0, 0, 6]


def test_dropout_acts_in_training_only() -> None:
    network, x = Dense(5, 11, F.gelu, dropout=0.5), torch.randn(2, 3, 5)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))
