"""The network whose answers the embedders learn."""
import onnxruntime
import torch
import torch.nn.functional as F

from onnx_torch import OnnxNetwork
from precision import fast
from student import as_input

MEAN = torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([58.395, 57.12, 57.375]).view(1, 3, 1, 1)
# Its maps on the way, and their channels.
SEAMS = {"/features/features.4/Add_output_0": 64, "/features/features.11/Add_output_0": 128,
         "/features/features.14/Add_output_0": 128}


class FaceTeacher:
    """foam_mobilefacenet.onnx; crops: n x 112 x 112 x 3, BGR, 0 to 255, aligned. Answers come from onnxruntime, which needs
    less than half of PyTorch's time for its thin layers; the maps on the way from PyTorch."""

    def __init__(self, file):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self.network = OnnxNetwork(file, kind=fast())

    def embed(self, planes):
        return torch.from_numpy(self.session.run(["embedding"], {"input": planes.contiguous().numpy()})[0])

    @staticmethod
    def planes(crops):
        return (as_input(crops.astype("float32")) * 127.5 + 127.5 - MEAN) / DEVIATION

    def answers(self, crops):
        """Unit vectors, n x 128: the mean of what it answers to a crop and to its mirror image."""
        x = self.planes(crops)
        both = [F.normalize(self.embed(v)) for v in (x, x.flip(3))]
        return F.normalize(both[0] + both[1])

    def maps(self, crops):
        """Its maps on the way."""
        self.network.wanted = list(SEAMS)
        return self.network(self.planes(crops))
