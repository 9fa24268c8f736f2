"""Weights in and out of models: always data, always checked before they touch a model."""
