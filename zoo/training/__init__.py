"""What `fit` needs: optimizers, schedules, losses and metrics, callbacks that remember, exact resume, progress."""
