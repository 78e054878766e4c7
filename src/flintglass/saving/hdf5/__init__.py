"""HDF5: the part of the format that Keras writes, read strictly and written plainly, without libhdf5."""
