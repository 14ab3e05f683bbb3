/* make_torchscript DIR: TorchScript programs for tests, as <DIR>/NAME.pt. */
#include <cstdio>
#include <exception>
#include <string>

#include <ATen/ops/from_blob.h>
#include <torch/csrc/jit/api/module.h>
#include <vector>

#include "small_net.h"

namespace
{

at::Tensor parameter(const float *from, std::vector<int64_t> shape)
{
    return at::from_blob(const_cast<float *>(from), shape, at::kFloat).clone();
}

void save(const std::string &dir, const char *name, const char *body)
{
    torch::jit::Module m("Small");
    m.register_parameter("weight", parameter(small_net_weight(), {SMALL_NET_DIM, 3, 3, 3}), false);
    m.register_parameter("bias", parameter(small_net_bias(), {SMALL_NET_DIM}), false);
    m.define(std::string("def forward(self, x):\n") + body);
    m.eval();
    m.save(dir + "/" + name + ".pt");
}

} // namespace

int main(int argc, char **argv)
try {
    const std::string net = "    y = torch.conv2d(x, self.weight, self.bias, [2, 2]).relu().mean([2, 3])\n";

    if (argc != 2)
        return 2;
    save(argv[1], "good", (net + "    print(y)\n    return y\n").c_str());
    save(argv[1], "flat", (net + "    return y.flatten()\n").c_str());
    save(argv[1], "pair", (net + "    return (y, y)\n").c_str());
    save(argv[1], "map", "    return x\n");
    save(argv[1], "integers", (net + "    return y.to(4)\n").c_str());
    save(argv[1], "changing", (net + "    return y if bool(x.sum() == 0) else y[:, 1:]\n").c_str());
    save(argv[1], "wrong-size", "    return x.view([1, 5])\n");
    save(argv[1], "raises", "    assert x.size(0) == 2, 'not today'\n    return x\n");
    return 0;
} catch (const std::exception &e) {
    fprintf(stderr, "make_torchscript: %s\n", e.what());
    return 1;
}
