"""What anyone can check: canonical form, Merkle log, signatures, result bundle, offline verifier. No Django."""
