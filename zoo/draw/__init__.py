"""A graph or plain rows become a picture."""
