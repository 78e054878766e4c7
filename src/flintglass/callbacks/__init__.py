"""Callbacks: the public names of keras.callbacks, loaded on first use."""

from flintglass.faces import lazy_face

TABLE = {
    "BackupAndRestore": "flintglass.callbacks.backup_and_restore",
    "CSVLogger": "flintglass.callbacks.csv_logger",
    "Callback": "flintglass.callbacks.base",
    "CallbackList": "flintglass.callbacks.several",
    "EarlyStopping": "flintglass.callbacks.early_stopping",
    "History": "flintglass.callbacks.history",
    "LambdaCallback": "flintglass.callbacks.lambda_callback",
    "LearningRateScheduler": "flintglass.callbacks.learning_rate_scheduler",
    "ModelCheckpoint": "flintglass.callbacks.model_checkpoint",
    "ProgbarLogger": "flintglass.callbacks.progress",
    "ReduceLROnPlateau": "flintglass.callbacks.reduce_on_plateau",
    "RemoteMonitor": "flintglass.callbacks.remote_monitor",
    "SwapEMAWeights": "flintglass.callbacks.swap_averages",
    "TensorBoard": "flintglass.callbacks.tensor_board",
    "TerminateOnNaN": "flintglass.callbacks.terminate_on_nan",
}
__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)
