"""Which values of a network have their channels on axis 1, told by the graph alone.

Independent of Phosphene's own way to find them: what a convolution, a pool or a
BatchNormalization reads or makes, and everything that is elementwise with such a
value at the same rank, in both directions.
"""

CHANNELS_FIRST = {"AveragePool", "BatchNormalization", "Conv", "ConvTranspose", "DepthToSpace",
                  "GlobalAveragePool", "GlobalMaxPool", "LRN", "MaxPool", "SpaceToDepth"}
# One element of the output for each place: all operands have their axes alike.
ELEMENTWISE = {"Abs", "Add", "Cast", "Celu", "Clip", "Div", "Dropout", "Elu", "Erf", "Exp", "Gelu",
               "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "Log", "Max", "Min", "Mish", "Mul",
               "Neg", "PRelu", "Pow", "Reciprocal", "Relu", "Selu", "Sigmoid", "Softplus", "Sqrt", "Sub",
               "Sum", "Tanh"}


def image_like(graph, values):
    """Names of `values` (name -> array, batch of one image) of the graph that are [N, C, ...]."""
    from_image = {graph.input[0].name}
    for node in graph.node:
        if from_image & set(node.input) and node.op_type not in ("Shape", "Size"):
            from_image |= set(node.output)
    found = {name for node in graph.node if node.op_type in CHANNELS_FIRST
             for name in (node.input[0], node.output[0])}
    rank = {name: value.ndim for name, value in values.items()}
    grown = True
    while grown:
        grown = False
        for node in graph.node:
            names = {name for name in [*node.input, node.output[0]] if name in rank}
            if node.op_type not in ELEMENTWISE or node.output[0] not in rank:
                continue
            alike = {name for name in names if rank[name] == rank[node.output[0]]}
            if alike & found and not alike <= found:
                found |= alike
                grown = True
    return sorted(name for name in found & from_image if rank.get(name, 0) > 1)
