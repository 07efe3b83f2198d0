"""What recording costs: ours, the bare program and the peer, alternately. See README.md."""
