"""Models as ONNX graphs: encoders and classifiers as a whole, decoders with a cache."""
