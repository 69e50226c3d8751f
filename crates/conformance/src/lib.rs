//! Scores any server of the remote runtime API against its contract.
