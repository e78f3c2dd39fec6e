"""Makes src/onnx/encoder-layer.fixture.json: one BERT layer of transformers, its loss and all gradients, in double precision.

Run: python bench/peers/encoder-layer-fixture.py > src/onnx/encoder-layer.fixture.json
"""
import json
import torch
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertLayer

torch.manual_seed(0)
BATCH, TIME, WIDTH, HEADS, INNER = 2, 5, 8, 2, 12
config = BertConfig(
    hidden_size=WIDTH, num_attention_heads=HEADS, intermediate_size=INNER,
    hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, layer_norm_eps=1e-5,
    attn_implementation="eager",
)
layer = BertLayer(config).double()
with torch.no_grad():
    for parameter in layer.parameters():
        parameter.copy_((torch.randn_like(parameter) * 0.4).float().double())
x = torch.randn(BATCH, TIME, WIDTH).double().requires_grad_()
mask = torch.ones(BATCH, TIME)
mask[1, 3:] = 0
bias = ((1 - mask) * -10000.0).double()[:, None, None, :]
weights = torch.randn(BATCH, TIME, WIDTH).double()
output = layer(x, attention_mask=bias)
output = output[0] if isinstance(output, tuple) else output
loss = (output * weights).sum()
loss.backward()


def flat(tensor):
    return {"shape": list(tensor.shape), "data": [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]}


print(json.dumps({
    "made": f"torch {torch.__version__}, BertLayer of transformers, seed 0",
    "heads": HEADS,
    "epsilon": 1e-5,
    "x": flat(x), "bias": flat(bias), "weights": flat(weights),
    "loss": loss.item(), "output": flat(output), "xGradient": flat(x.grad),
    "parameters": {name: flat(parameter) for name, parameter in layer.named_parameters()},
    "gradients": {name: flat(parameter.grad) for name, parameter in layer.named_parameters()},
}))
