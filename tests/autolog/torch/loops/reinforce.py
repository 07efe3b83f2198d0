"""REINFORCE on a walk along a line, as the reinforcement learning example does it."""

from __future__ import annotations

from collections import deque

import torch
from torch import nn
from torch.distributions import Categorical

EPISODES = 8


class Line:
    """Seven places; the right end gives a reward of one, each step costs a little."""

    def reset(self):
        self.place = 3
        return self._seen()

    def step(self, action):
        self.place += 1 if action == 1 else -1
        done = self.place in (0, 6)
        return self._seen(), (1.0 if self.place == 6 else -0.05), done

    def _seen(self):
        return nn.functional.one_hot(torch.tensor(self.place), 7).float()


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(7, 12)
        self.affine2 = nn.Linear(12, 2)
        self.saved_log_probs = []
        self.rewards = []

    def forward(self, state):
        return torch.softmax(self.affine2(torch.relu(self.affine1(state))), dim=-1)


def select_action(policy, state):
    chances = Categorical(policy(state))
    action = chances.sample()
    policy.saved_log_probs.append(chances.log_prob(action))
    return action.item()


def finish_episode(policy, optimizer):
    returns: deque[float] = deque()
    value = 0.0
    for reward in reversed(policy.rewards):
        value = reward + 0.99 * value
        returns.appendleft(value)
    pairs = zip(policy.saved_log_probs, returns, strict=True)
    policy_loss = torch.stack([-log_prob * value for log_prob, value in pairs]).sum()
    optimizer.zero_grad()
    policy_loss.backward()
    optimizer.step()
    policy.rewards.clear()
    policy.saved_log_probs.clear()
    return policy_loss.item()


def main():
    torch.manual_seed(1)
    env, policy = Line(), Policy()
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
    for episode in range(EPISODES):
        state = env.reset()
        for _ in range(50):
            state, reward, done = env.step(select_action(policy, state))
            policy.rewards.append(reward)
            if done:
                break
        length = len(policy.rewards)
        print("loss", repr(finish_episode(policy, optimizer)), "episode", episode, "length", length)
    print("rng", torch.rand(1).item())


if __name__ == "__main__":
    main()
