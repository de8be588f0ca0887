"""How a step turns the filters of a network."""
import torch
import torch.nn as nn


class Orthogonal:
    """Muon (Jordan et al. 2024: a step turns a matrix in all directions alike) for the convolutions but the first and the
    depthwise ones, AdamW for the rest and for `others`. PyTorch's own Muon takes matrices only: it is given the
    filters' memory as such, a filter a row."""

    def __init__(self, network, others, rate):
        self.filters = [p for p in network.parameters() if p.dim() == 4 and p.shape[1] > 3]
        own = {id(p) for p in self.filters}
        rest = [p for p in network.parameters() if id(p) not in own] + list(others)
        self.rows = [nn.Parameter(self.flat(p.data)) for p in self.filters]
        if any(a.data_ptr() != b.data_ptr() for a, b in zip(self.rows, self.filters)):
            raise ValueError("the network's channels must come last in memory")
        self.parts = {"turned": torch.optim.Muon(self.rows, rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
                      "rest": torch.optim.AdamW(rest, rate, weight_decay=0.01)}
        self.rate = rate

    @staticmethod
    def flat(weight):
        return weight.permute(0, 2, 3, 1).flatten(1)

    def slow_down(self, share):
        """Sets the rate to a share of the first one."""
        for part in self.parts.values():
            for group in part.param_groups:
                group["lr"] = self.rate * share

    def zero_grad(self):
        self.parts["rest"].zero_grad()
        for p in self.filters:
            p.grad = None

    def step(self):
        for row, p in zip(self.rows, self.filters):
            row.grad = self.flat(p.grad)
        for part in self.parts.values():
            part.step()

    def state_dict(self):
        return {name: part.state_dict() for name, part in self.parts.items()}

    def load_state_dict(self, state):
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
