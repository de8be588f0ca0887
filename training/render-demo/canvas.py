"""Flat drawing in metres, and a pinhole camera that lays such drawings into a picture.

World: X to the right, Y up, Z away from the camera, in metres. Colours are BGR, 0...255.
"""
import cv2
import numpy as np

SUB = 4  # fractional bits of cv2's drawing coordinates


class Canvas:
    """A drawing of width x height metres, origin at its lower left, with alpha."""

    def __init__(self, width, height, scale=420):
        self.width, self.height, self.scale = width, height, scale
        self.pixels = np.zeros((round(height * scale), round(width * scale), 4), np.float32)

    def _points(self, points):
        points = np.asarray(points, np.float64)
        flipped = np.stack([points[:, 0], self.height - points[:, 1]], 1)
        return np.round(flipped * self.scale * (1 << SUB)).astype(np.int32)

    def _mask(self, draw):
        mask = np.zeros(self.pixels.shape[:2], np.uint8)
        draw(mask)
        return mask.astype(np.float32)[:, :, None] / 255

    def _lay(self, mask, colour, alpha, erase=False):
        mask = mask * alpha
        if erase:
            self.pixels[:, :, 3:] *= 1 - mask
            return
        self.pixels[:, :, :3] += (np.array(colour, np.float32) - self.pixels[:, :, :3]) * mask
        self.pixels[:, :, 3:] = np.maximum(self.pixels[:, :, 3:], mask)

    def poly(self, points, colour, alpha=1.0, erase=False):
        self._lay(self._mask(lambda m: cv2.fillPoly(
            m, [self._points(points)], 255, cv2.LINE_AA, SUB)), colour, alpha, erase)

    def rect(self, x0, y0, x1, y1, colour, radius=0.0, alpha=1.0):
        if radius <= 0:
            return self.poly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour, alpha)
        radius, turn = min(radius, (x1 - x0) / 2, (y1 - y0) / 2), np.linspace(0, np.pi / 2, 8)
        corners = [(x1 - radius, y1 - radius, 0), (x0 + radius, y1 - radius, 1),
                   (x0 + radius, y0 + radius, 2), (x1 - radius, y0 + radius, 3)]
        return self.poly(np.concatenate([np.stack([
            x + radius * np.cos(turn + k * np.pi / 2),
            y + radius * np.sin(turn + k * np.pi / 2)], 1) for x, y, k in corners]), colour, alpha)

    def ellipse(self, x, y, rx, ry, colour, alpha=1.0):
        turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        self.poly(np.stack([x + rx * np.cos(turn), y + ry * np.sin(turn)], 1), colour, alpha)

    def line(self, points, thickness, colour, alpha=1.0):
        self._lay(self._mask(lambda m: cv2.polylines(
            m, [self._points(points)], False, 255, max(1, round(thickness * self.scale)),
            cv2.LINE_AA, SUB)), colour, alpha)

    def shade(self, low, high, x0=0.0, y0=0.0, x1=None, y1=None):
        """Multiplies a rectangle by a vertical ramp from `low` (bottom) to `high` (top)."""
        x1, y1 = x1 or self.width, y1 or self.height
        rows = slice(round((self.height - y1) * self.scale), round((self.height - y0) * self.scale))
        part = self.pixels[rows, round(x0 * self.scale):round(x1 * self.scale), :3]
        part *= np.linspace(high, low, part.shape[0], dtype=np.float32)[:, None, None]

    def curve(self, strength=0.35):
        """Darkens towards the left and right edge, as a rounded body does."""
        x = np.linspace(-1, 1, self.pixels.shape[1], dtype=np.float32)
        self.pixels[:, :, :3] *= (1 - strength * np.abs(x) ** 3)[None, :, None]

    def grain(self, rng, amount):
        """Uneven colour: dust, dents and reflections."""
        h, w = self.pixels.shape[:2]
        for cells in (6, 24):
            noise = rng.normal(0, amount, (cells, cells)).astype(np.float32)
            self.pixels[:, :, :3] += cv2.resize(noise, (w, h), interpolation=cv2.INTER_CUBIC)[:, :, None]


class Camera:
    """A pinhole camera at (x, y, 0); positive pitch looks down, positive yaw to the right."""

    def __init__(self, x, y, pitch, yaw, focal, size, roll=0.0):
        self.position, self.focal, self.size = np.array([x, y, 0.0]), focal, size
        cp, sp, cy, sy = np.cos(pitch), np.sin(pitch), np.cos(yaw), np.sin(yaw)
        turn = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
        tilt = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
        cr, sr = np.cos(roll), np.sin(roll)
        self.rotation = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]]) @ tilt @ turn

    def project(self, points):
        local = (np.asarray(points, np.float64) - self.position) @ self.rotation.T
        z = np.maximum(local[:, 2], 0.05)
        return np.stack([self.size[0] / 2 + self.focal * local[:, 0] / z,
                         self.size[1] / 2 - self.focal * local[:, 1] / z], 1)

    def rays(self):
        """World directions of all pixels: rows x columns x 3."""
        x, y = np.meshgrid(np.arange(self.size[0]) + 0.5, np.arange(self.size[1]) + 0.5)
        local = np.stack([(x - self.size[0] / 2) / self.focal,
                          -(y - self.size[1] / 2) / self.focal, np.ones_like(x)], 2)
        return (local @ self.rotation).astype(np.float32)


class Layer:
    """A picture with premultiplied alpha into which drawings are laid, back to front."""

    def __init__(self, camera):
        self.camera = camera
        self.pixels = np.zeros((camera.size[1], camera.size[0], 4), np.float32)

    def quad(self, texture, corners, light=1.0, alpha=1.0):
        """Lays a texture (BGRA) over four world points: top left, top right, bottom right, bottom left."""
        target = self.camera.project(corners)
        self.flat(texture, target, light, alpha)
        return target

    def flat(self, texture, target, light=1.0, alpha=1.0):
        low = np.maximum(np.floor(target.min(0)).astype(int) - 2, 0)
        high = np.minimum(np.ceil(target.max(0)).astype(int) + 3, self.camera.size)
        if (high <= low).any():
            return
        sides = np.linalg.norm(np.roll(target, -1, 0) - target, axis=1)
        wide, tall = max(sides[0], sides[2]) * 1.15, max(sides[1], sides[3]) * 1.15
        h, w = texture.shape[:2]
        small = (int(max(4, min(w, wide))), int(max(4, min(h, tall))))
        image = np.concatenate([texture[:, :, :3] * light * texture[:, :, 3:], texture[:, :, 3:]], 2)
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        image = cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
        w, h = small
        source = np.array([[1, 1], [w + 1, 1], [w + 1, h + 1], [1, h + 1]], np.float32) - 0.5
        matrix = cv2.getPerspectiveTransform(source, (target - low).astype(np.float32))
        patch = cv2.warpPerspective(image, matrix, tuple((high - low).tolist()), flags=cv2.INTER_LINEAR)
        patch *= alpha
        part = self.pixels[low[1]:high[1], low[0]:high[0]]
        part *= 1 - patch[:, :, 3:]
        part += patch

    def poly(self, points, colour, alpha=1.0):
        target = self.camera.project(points)
        low = np.maximum(np.floor(target.min(0)).astype(int) - 1, 0)
        high = np.minimum(np.ceil(target.max(0)).astype(int) + 2, self.camera.size)
        if (high <= low).any():
            return
        mask = np.zeros((high - low)[::-1], np.uint8)
        cv2.fillPoly(mask, [np.round((target - low) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        cover = mask.astype(np.float32)[:, :, None] / 255 * alpha
        part = self.pixels[low[1]:high[1], low[0]:high[0]]
        part *= 1 - cover
        part += cover * np.array([*colour, 1.0], np.float32)

    def over(self, picture):
        return picture * (1 - self.pixels[:, :, 3:]) + self.pixels[:, :, :3]
