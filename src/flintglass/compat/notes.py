"""What is not offered under the names of TensorFlow and Keras, and for each the way out.

A note stands for a name, or for a whole module and all that lies in it. What it names itself is there.
"""

from __future__ import annotations

IMAGES = """
    Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose Convolution1D Convolution2D Convolution3D
    SeparableConv1D SeparableConv2D DepthwiseConv1D DepthwiseConv2D LocallyConnected1D LocallyConnected2D MaxPooling1D
    MaxPooling2D MaxPooling3D MaxPool1D MaxPool2D MaxPool3D AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D
    AvgPool2D AvgPool3D ZeroPadding1D ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Cropping3D UpSampling1D
    UpSampling2D UpSampling3D SpatialDropout2D SpatialDropout3D ConvLSTM1D ConvLSTM2D ConvLSTM3D convolutional pooling
    local"""
AUGMENTING = """RandomFlip RandomRotation RandomZoom RandomCrop RandomContrast RandomBrightness RandomTranslation
    RandomHeight RandomWidth Resizing CenterCrop"""
RECURRENT = (
    "LSTM GRU SimpleRNN RNN LSTMCell GRUCell SimpleRNNCell StackedRNNCells Bidirectional CuDNNLSTM CuDNNGRU recurrent"
)
ATTENTION = "MultiHeadAttention Attention AdditiveAttention GroupQueryAttention GroupedQueryAttention"
AVERAGES = "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D"
LARGEST = "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GlobalMaxPool1D GlobalMaxPool2D"
CATEGORIES = "StringLookup IntegerLookup CategoryEncoding Hashing HashedCrossing TextVectorization"
SESSIONS = """compat Session InteractiveSession ConfigProto placeholder global_variables_initializer get_variable
    variable_scope get_default_graph reset_default_graph Graph GPUOptions"""
READERS = "image_dataset_from_directory text_dataset_from_directory audio_dataset_from_directory load_img img_to_array"

PREPARE = "Prepare texts, images and sequences beforehand (np.pad makes rows equally long), and give arrays to fit."
PAD = "Make the rows equally long beforehand, as with np.pad, and give one array to fit."
DATA = "Give fit NumPy arrays, a generator of (x, y), or a keras.utils.PyDataset; fit shuffles and batches by itself."
LOGS = (
    "Take keras.callbacks.TensorBoard, or keras.callbacks.CSVLogger, or the History that fit returns and "
    "flintglass.glass.plot_history draws."
)
PRECISION = (
    "There are no dtype policies: everything is float32, or float64 after keras.config.set_floatx('float64'); leave "
    "the line out."
)
GONE_V1 = "Sessions and graphs of TensorFlow 1 do not run here; write the script for Keras 2 or 3."
CHECKPOINTS = (
    "Take model.save_weights and load_weights; keras.callbacks.BackupAndRestore takes up a run that broke off."
)
CHECKS = "Leave it out, or check arrays beforehand with NumPy (np.testing); shapes are checked as lines are traced."
PHASE = "Layers get training=True in fit and False in predict; call model(x, training=True) for the other."


def _each(room: str, names: str, note: str) -> dict[str, str]:
    return dict.fromkeys((f"{room}.{name}" for name in names.split()), note)


NOTES = {
    "keras.datasets": (
        "It downloads nothing; what Keras has downloaded before lies in ~/.keras/datasets, and np.load reads it: "
        "np.load('mnist.npz')['x_train']."
    ),
    "keras.preprocessing": PREPARE,
    "keras.quantizers": "Models are float32 or float64 here; leave the quantization out, or use Keras itself for it.",
    "keras.tree": "Nested lists and dicts of arrays go into models as they are.",
    "keras.wrappers": "Wrap the model by hand: its fit and predict take NumPy arrays, as scikit-learn's do.",
    "keras.applications": "It trains dense networks; for convolutional ones, use Keras itself.",
    "keras.tuner": "Fit one model for each setting in a loop, as a fit takes milliseconds, or tune with Keras itself.",
    "keras.mixed_precision": PRECISION,
    "keras.dtype_policies": PRECISION,
    **_each("keras", "DTypePolicy FloatDTypePolicy", PRECISION),
    **_each("keras.config", "set_dtype_policy dtype_policy", PRECISION),
    "keras.optimizers.LossScaleOptimizer": PRECISION,
    "keras.optimizers.Muon": "Take AdamW or Lion of keras.optimizers.",
    "keras.distribution": "One process trains, on all cores of this machine; leave it out.",
    "keras.export": "model.save writes .keras and HDF5 files, and model.export NumPy scripts and C headers.",
    "keras.callbacks.OrbaxCheckpoint": "Take keras.callbacks.ModelCheckpoint or BackupAndRestore.",
    "keras.experimental": "Write such a model of Dense layers: keras.Model, or a Model with a call of its own.",
    "keras.layers.merge": "Write Add()([a, b]), Concatenate, Multiply, Average, Maximum or Dot of keras.layers.",
    **_each(
        "keras.layers", IMAGES, "It trains dense networks: take Flatten and Dense here, and Keras itself for images."
    ),
    **_each("keras.layers", AUGMENTING, "Change the images beforehand, or in a generator that is given to fit."),
    **_each(
        "keras.layers",
        RECURRENT,
        "It trains dense networks: give Dense a window of past steps as columns (Flatten makes them), or use Keras "
        "itself for recurrent layers.",
    ),
    **_each("keras.layers", ATTENTION, "It trains dense networks; for attention, use Keras itself."),
    **_each("keras.layers", AVERAGES, "Write Lambda(lambda x: keras.ops.mean(x, axis=1)), with the axes of yours."),
    **_each("keras.layers", LARGEST, "Write Lambda(lambda x: keras.ops.max(x, axis=1)), with the axes of yours."),
    **_each(
        "keras.layers",
        CATEGORIES,
        "Turn categories into numbers beforehand: np.unique(values, return_inverse=True), and then "
        "keras.utils.to_categorical or an Embedding.",
    ),
    "keras.layers.ThresholdedReLU": "Write Lambda(lambda x: keras.ops.threshold(x, theta, 0.0)).",
    "keras.layers.Discretization": "np.digitize(values, borders) does it beforehand.",
    "keras.layers.SpatialDropout1D": "Write Dropout(rate, noise_shape=(None, 1, features)).",
    "keras.layers.TimeDistributed": "Leave it out: Dense works on the last axis of an input of any rank.",
    "keras.layers.EinsumDense": "Write a Layer of your own, with add_weight and keras.ops.einsum.",
    "keras.utils.get_file": "It opens no network: download the file beforehand, and read it with NumPy.",
    **_each("keras.utils", READERS, PREPARE),
    "keras.utils.pad_sequences": PAD,
    "keras.utils.timeseries_dataset_from_array": "np.lib.stride_tricks.sliding_window_view(x, n) gives such windows.",
    "keras.utils.multi_gpu_model": "It computes on the processor, with all of its cores; leave it out.",
    "keras.utils.FeatureSpace": "Take an Input for each column, Normalization, Embedding and Concatenate.",
    **_each("keras.losses", "CTC ctc", "It trains dense networks; for sequences, use Keras itself."),
    "keras.backend.function": "Write keras.Model(model.inputs, layer.output), whose predict gives what it does.",
    "keras.backend.gradients": "Write with tf.GradientTape() as tape, and tape.gradient; or flintglass.grad.",
    "keras.backend.placeholder": "Write keras.Input(shape).",
    "keras.backend.eval": "Write keras.backend.get_value(x), or x.numpy().",
    "keras.backend.update": "Write x.assign(value).",
    "keras.backend.count_params": "Write np.prod(x.shape), or model.count_params() for all of them.",
    "keras.backend.manual_variable_initialization": "Variables have their values from the beginning; leave it out.",
    **_each("keras.backend", "learning_phase set_learning_phase in_train_phase in_test_phase", PHASE),
    **_each("keras.backend", "set_session get_session", GONE_V1),
    **_each("tensorflow", SESSIONS, GONE_V1),
    **_each("tensorflow.train", "Checkpoint CheckpointManager latest_checkpoint", CHECKPOINTS),
    **_each("tensorflow", "debugging Assert assert_equal assert_greater assert_less assert_rank", CHECKS),
    "tensorflow.boolean_mask": "Take x[mask] of NumPy's arrays beforehand; in a model, tf.where(mask, x, 0.0).",
    "tensorflow.gather_nd": "Write x[rows, columns], or keras.ops.take or keras.ops.take_along_axis.",
    "tensorflow.string": "Tensors hold numbers and no texts: turn texts into numbers beforehand, with np.unique.",
    "tensorflow.train": "Give an optimizer of tf.keras.optimizers to compile, such as Adam(0.001).",
    "tensorflow.layers": "Its layers are in tf.keras.layers.",
    "tensorflow.contrib": "It has been gone since TensorFlow 2; most of it is in tf.keras.",
    "tensorflow.data": DATA,
    "tensorflow.image": "It trains dense networks; prepare images beforehand, and give arrays to fit.",
    "tensorflow.summary": LOGS,
    "tensorflow.profiler": "flintglass compare SCRIPT measures a script here and under Keras.",
    "tensorflow.estimator": "Write the model with tf.keras: Sequential, or Model(inputs, outputs).",
    "tensorflow.feature_column": "Take an Input for each column, Normalization, Embedding and Concatenate.",
    "tensorflow.io": "Read files with NumPy or Python's own open, and give arrays to fit.",
    "tensorflow.strings": "Prepare texts beforehand, and give arrays of numbers to fit.",
    "tensorflow.Module": "Derive from tf.keras.layers.Layer or tf.keras.Model.",
    "tensorflow.TensorSpec": "Leave input_signature out: a program is traced for the shapes that come.",
    **_each("tensorflow", "ragged RaggedTensor", PAD),
    **_each("tensorflow", "sparse SparseTensor", "Give dense arrays: x.toarray() of one of SciPy's."),
}
