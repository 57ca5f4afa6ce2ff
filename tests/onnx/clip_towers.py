"""Image towers in the manner of CLIP, random weights, for make_whole_nets.py.

ClipTower: a vision transformer as openai/CLIP's VisionTransformer (patch
convolution without bias, class token, LayerNorm before and after, fused
attention, QuickGELU, projection, unit length), and one block in other words of
the same thing: attention by einsum with a learned bias looked up by relative
place, and masked to a neighbourhood. ClipResNet: openai/CLIP's ModifiedResNet in
small (three-convolution stem, strides by average pooling, attention pooling).
"""

import torch
from torch import nn
from torch.nn import functional as F


class QuickGELU(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


def mlp(width):
    return nn.Sequential(nn.Linear(width, 4 * width), QuickGELU(), nn.Linear(4 * width, width))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads)
        self.ln_1, self.ln_2, self.mlp = nn.LayerNorm(width), nn.LayerNorm(width), mlp(width)

    def forward(self, x):  # [L,N,D]
        y = self.ln_1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class EinsumBlock(nn.Module):
    """Attention over places of a grid no further apart than `reach`, and the class token."""

    def __init__(self, width, heads, grid, reach):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.ln_1, self.ln_2, self.mlp = nn.LayerNorm(width), nn.LayerNorm(width), mlp(width)
        y, x = torch.meshgrid(torch.arange(grid), torch.arange(grid), indexing="ij")
        places = torch.stack([y.flatten(), x.flatten()], 1)
        apart = places[:, None] - places[None]  # [P,P,2]
        index = (apart[..., 0] + grid - 1) * (2 * grid - 1) + apart[..., 1] + grid
        self.register_buffer("index", F.pad(index, (1, 0, 1, 0)))  # 0: to or from the class token
        self.register_buffer("near", F.pad((apart.abs() <= reach).all(-1), (1, 0, 1, 0), value=True))
        self.bias = nn.Embedding((2 * grid - 1) ** 2 + 1, heads)

    def forward(self, x):  # [L,N,D]
        length, batch, width = x.shape
        qkv = self.qkv(self.ln_1(x)).reshape(length, batch, 3, self.heads, width // self.heads)
        q, k, v = qkv.unbind(2)
        scores = torch.einsum("qnhd,knhd->nhqk", q, k) * (width // self.heads) ** -0.5
        scores = scores + self.bias(self.index).permute(2, 0, 1)
        scores = torch.where(self.near, scores, torch.full_like(scores, -1e4))
        y = torch.einsum("nhqk,knhd->qnhd", scores.softmax(-1), v).reshape(length, batch, width)
        x = x + self.out(y)
        return x + self.mlp(self.ln_2(x))


class ClipTower(nn.Module):
    def __init__(self, size=224, patch=32, width=256, heads=8, layers=3, out=128):
        super().__init__()
        grid = size // patch
        self.conv1 = nn.Conv2d(3, width, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(torch.randn(width))
        self.position = nn.Embedding(grid * grid + 1, width)
        self.register_buffer("position_ids", torch.arange(grid * grid + 1)[None])
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(layers)],
                                    EinsumBlock(width, heads, grid, reach=2))
        self.proj = nn.Parameter(torch.randn(width, out) * width ** -0.5)

    def forward(self, image):
        x = self.conv1(image).flatten(2).transpose(1, 2)
        token = self.class_embedding.expand(x.shape[0], 1, -1)
        x = torch.cat([token, x], 1) + self.position(self.position_ids)
        x = self.blocks(self.ln_pre(x).permute(1, 0, 2)).permute(1, 0, 2)
        x = self.ln_post(x[:, 0, :]) @ self.proj
        return x / x.norm(dim=-1, keepdim=True)


class Bottleneck(nn.Module):
    def __init__(self, inside, planes, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inside, planes, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3 = nn.Conv2d(planes, 4 * planes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * planes)
        self.skip = nn.Sequential(nn.AvgPool2d(stride), nn.Conv2d(inside, 4 * planes, 1, bias=False),
                                  nn.BatchNorm2d(4 * planes))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.pool(F.relu(self.bn2(self.conv2(y))))
        return F.relu(self.bn3(self.conv3(y)) + self.skip(x))


class AttentionPool(nn.Module):
    def __init__(self, places, width, heads, out):
        super().__init__()
        self.position = nn.Parameter(torch.randn(places + 1, width) * width ** -0.5)
        self.k, self.q, self.v = (nn.Linear(width, width) for _ in range(3))
        self.c, self.heads = nn.Linear(width, out), heads

    def forward(self, x):
        x = x.flatten(2).permute(2, 0, 1)
        x = torch.cat([x.mean(0, keepdim=True), x], 0) + self.position[:, None, :]
        return F.multi_head_attention_forward(
            x[:1], x, x, x.shape[-1], self.heads, None,
            torch.cat([self.q.bias, self.k.bias, self.v.bias]), None, None, False, 0.0,
            self.c.weight, self.c.bias, training=False, need_weights=False,
            use_separate_proj_weight=True, q_proj_weight=self.q.weight,
            k_proj_weight=self.k.weight, v_proj_weight=self.v.weight)[0].squeeze(0)


class ClipResNet(nn.Module):
    def __init__(self, size=224, width=16, out=64):
        super().__init__()
        def conv(inside, outside, stride=1):
            return [nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()]
        self.stem = nn.Sequential(*conv(3, width // 2, 2), *conv(width // 2, width // 2),
                                  *conv(width // 2, width), nn.AvgPool2d(2))
        self.stages = nn.Sequential(Bottleneck(width, width, 1), Bottleneck(4 * width, 2 * width, 2),
                                    Bottleneck(8 * width, 4 * width, 2), Bottleneck(16 * width, 8 * width, 2))
        self.pool = AttentionPool((size // 32) ** 2, 32 * width, 8, out)

    def forward(self, image):
        return self.pool(self.stages(self.stem(image)))
