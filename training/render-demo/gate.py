"""The place: road, sky, halls, booth, trees, boom; and what light, weather and camera do to a picture."""
import cv2
import numpy as np

from canvas import Camera, Canvas, Layer

SIZE = (1920, 1080)


def _noise(rng, size, octaves):
    total = np.zeros((size, size), np.float32)
    for cells, amount in octaves:
        total += cv2.resize(rng.normal(0, 1, (cells, cells)).astype(np.float32), (size, size),
                            interpolation=cv2.INTER_CUBIC) * amount
    return total


def _road(camera, rng, wet):
    """Sky and ground by one ray a pixel."""
    rays = camera.rays()
    horizon = rays[:, :, 1]
    distance = np.where(horizon < -1e-3, -camera.position[1] / np.minimum(horizon, -1e-3), 1e4)
    x = camera.position[0] + rays[:, :, 0] * distance
    z = rays[:, :, 2] * distance
    noise = _noise(rng, 1024, ((1024, 5.0), (256, 4.0), (64, 3.0)))
    fine = cv2.remap(noise, (x * 90 % 1023).astype(np.float32), (z * 90 % 1023).astype(np.float32), cv2.INTER_LINEAR)
    broad = cv2.remap(_noise(rng, 512, ((24, 7.0), (8, 6.0))), (x * 20 % 511).astype(np.float32),
                      (z * 14 % 511).astype(np.float32), cv2.INTER_LINEAR)
    fade = np.clip(1.4 - z / 14, 0.04, 1)
    tone = 100 + fine * fade + broad
    ground = np.stack([tone * 0.98, tone, tone * 1.0], 2)
    foot = np.clip(z / camera.focal * 1.5, 0.004, 1)

    def band(value, low, high):
        return np.clip((value - low) / foot + 0.5, 0, 1) * np.clip((high - value) / foot + 0.5, 0, 1)

    def paint(mask, colour, alpha=1.0):
        ground[:] += (np.array(colour) - ground) * (np.clip(mask, 0, 1) * alpha)[:, :, None]

    track = np.exp(-((np.abs(x) - 0.85) / 0.3) ** 2)
    ground *= (1 - 0.13 * track)[:, :, None]
    for edge in (-1.75, 1.75):
        paint(band(x, edge - 0.07, edge + 0.07), (206, 208, 208), 0.75)
    paint(band(x, -1.68, 1.68) * band(z, 4.15, 4.5), (212, 214, 214), 0.75)
    hatch = (np.floor((x + z) / 0.5) % 2)
    paint(band(x, -1.68, 1.68) * band(z, 8.0, 10.2) * hatch, (60, 180, 216), 0.45)
    for x0, x1, z0, z1 in ((-1.0, 1.0, 4.9, 6.4),):  # the loop's saw cut
        frame = band(x, x0, x1) * band(z, z0, z1) - band(x, x0 + 0.03, x1 - 0.03) * band(z, z0 + 0.03, z1 - 0.03)
        paint(frame, (44, 44, 44), 0.8)
    verge = np.clip((np.abs(x + 0.3) - 7.5) / 0.5, 0, 1)
    paint(verge, (74, 96, 84), 0.9)
    kerb = band(x, -2.5, -1.95) + band(x, 1.95, 2.5)
    stripes = np.floor(z / 0.8) % 2
    paint(kerb * (z > 2), (150, 152, 150))
    paint(kerb * stripes * (z > 2), (40, 150, 200), 0.8)
    if wet:
        ground *= 0.72
        ground += (np.clip(fade, 0.2, 1) * 0 + np.clip((0.35 + horizon) * 90, 0, 46))[:, :, None]
    haze = np.clip((z - 20) / 160, 0, 0.75)[:, :, None]
    ground += (np.array((196, 190, 184)) - ground) * haze
    up = np.clip(horizon / 0.4, 0, 1)[:, :, None]
    sky = np.array((222, 214, 206)) * (1 - up) + np.array((206, 176, 142)) * up
    clouds = cv2.resize(rng.normal(0, 1, (9, 16)).astype(np.float32), SIZE, interpolation=cv2.INTER_CUBIC)
    sky = sky + clouds[:, :, None] * 6
    return np.where((horizon < -1e-3)[:, :, None], ground, sky).astype(np.float32)


def _hall(layer, x0, x1, height, z, colour, columns, rng):
    wall = Canvas(x1 - x0, height, 40)
    wall.rect(0, 0, wall.width, height, colour)
    wall.shade(0.85, 1.05)
    step = wall.width / columns
    for k in range(columns):
        for row in range(int(height // 3)):
            tone = (118, 106, 92) if rng.random() < 0.7 else (150, 140, 124)
            wall.rect(k * step + 0.2 * step, 1.0 + 3 * row, k * step + 0.8 * step, 2.3 + 3 * row, tone)
    wall.rect(0, height - 0.5, wall.width, height, tuple(np.array(colour) * 0.7))
    layer.quad(wall.pixels, [(x0, height, z), (x1, height, z), (x1, 0, z), (x0, 0, z)])


def _trees(layer, rng, z, x0, x1, height):
    trees = Canvas(x1 - x0, height, 60)
    h, w = trees.pixels.shape[:2]
    leaves = sum(cv2.resize(rng.normal(0, 1, (n, int(n * w / h))).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC) * a
                 for n, a in ((4, 0.8), (10, 0.6), (30, 0.6), (90, 0.5)))
    row = np.linspace(1, 0, h, dtype=np.float32)[:, None]  # height above the ground
    crown = leaves + 2.2 - 9 * (row - 0.6) ** 2 - 1.2 * (row > 0.85)
    tone = np.clip(0.75 + 0.16 * leaves + 0.25 * (row - 0.5), 0.3, 1.3)[:, :, None]
    trees.pixels[:, :, :3] = np.array((58, 84, 68), np.float32) * tone
    trees.pixels[:, :, 3] = np.clip(crown * 1.5, 0, 1)
    for x in np.arange(0.6, trees.width, 3.2):
        trees.rect(x, 0, x + 0.16, height * 0.5, (44, 54, 66))
    layer.quad(trees.pixels, [(x0, height, z), (x1, height, z), (x1, 0, z), (x0, 0, z)])


def _booth(layer, x, z):
    side = 1 if x < 0 else -1
    for width, corners in ((2.2, [(x, 2.7, z), (x, 2.7, z + 2.2), (x, 0.15, z + 2.2), (x, 0.15, z)]),
                           (1.6, [(x - side * 1.6, 2.7, z), (x, 2.7, z), (x, 0.15, z), (x - side * 1.6, 0.15, z)])):
        wall = Canvas(width, 2.55, 200)
        wall.rect(0, 0, width, 2.55, (188, 192, 190))
        wall.rect(0, 0, width, 0.9, (150, 96, 44))
        wall.rect(0.12, 0.98, width - 0.12, 2.1, (62, 56, 48), 0.03)
        wall.poly([(0.3, 0.98), (0.8, 0.98), (1.3, 2.1), (0.8, 2.1)], (200, 192, 180), 0.2)
        wall.rect(0, 2.35, width, 2.55, (120, 76, 36))
        if side < 0:
            corners = [corners[1], corners[0], corners[3], corners[2]]
        layer.quad(wall.pixels, corners)


def _post(layer, x, z, height=3.6):
    layer.poly([(x - 0.06, 0, z), (x + 0.06, 0, z), (x + 0.06, height, z), (x - 0.06, height, z)], (90, 92, 92))


def background(camera, seed, wet=False):
    """One lane's empty place, by day."""
    rng = np.random.default_rng(seed)
    picture, layer = _road(camera, rng, wet), Layer(camera)
    far = rng.uniform(60, 80)
    _hall(layer, -46, -9, rng.uniform(8, 11), far, (176, 178, 172), 12, rng)
    _hall(layer, 8, 50, rng.uniform(7, 13), far + 14, (178, 182, 184), 14, rng)
    _trees(layer, rng, 48, -30, -7, 6)
    _trees(layer, rng, 40, 8.2, 30, 5.4)
    fence = Canvas(24, 1.9, 60)
    for k in np.arange(0, 24, 0.22):
        fence.line([(k, 0), (k, 1.8)], 0.025, (120, 124, 118))
    for y in (0.3, 1.7):
        fence.line([(0, y), (24, y)], 0.05, (120, 124, 118))
    for side in (-1, 1):
        x = side * 7.2
        layer.quad(fence.pixels, [(x, 1.9, 12), (x, 1.9, 36), (x, 0, 36), (x, 0, 12)])
    side = -1 if camera.position[0] > 0 else 1
    _post(layer, side * 2.25, 17, 4.5)
    _booth(layer, side * 2.75, rng.uniform(8.5, 10.5))
    _post(layer, side * 2.2, 7.2, 1.3)
    housing = [(side * 2.2 - 0.16, 0.15, 6.2), (side * 2.2 + 0.16, 0.15, 6.2), (side * 2.2 + 0.16, 1.15, 6.2), (side * 2.2 - 0.16, 1.15, 6.2)]
    layer.poly(housing, (38, 120, 214))
    return layer.over(picture)


def boom(camera, height=0.62, z=2.75):
    """The closed boom in front of the camera, striped."""
    layer = Layer(camera)
    bar = Canvas(5.0, 0.1, 300)
    bar.rect(0, 0, 5.0, 0.1, (222, 222, 222))
    for k in range(0, 10, 2):
        bar.rect(0.5 * k, 0, 0.5 * k + 0.5, 0.1, (40, 36, 196))
    bar.shade(0.7, 1.05)
    layer.quad(bar.pixels, [(-2.5, height + 0.1, z), (2.5, height + 0.1, z), (2.5, height, z), (-2.5, height, z)])
    return layer


def glow(picture, point, radius, strength, colour=(255, 250, 240)):
    """Adds a lamp's halo with a soft star."""
    h, w = picture.shape[:2]
    y, x = np.mgrid[0:h:2, 0:w:2].astype(np.float32)
    d2 = ((x - point[0]) ** 2 + (y - point[1]) ** 2) / radius ** 2
    halo = np.exp(-d2 * 5) + 0.1 * np.exp(-np.sqrt(d2) * 1.1)
    halo = cv2.resize(halo, (w, h)) * strength
    picture += halo[:, :, None] * (np.array(colour, np.float32) / 255)


def motion_blur(image, dx, dy):
    length = int(np.ceil(max(abs(dx), abs(dy)))) | 1
    if length < 2:
        return image
    kernel = np.zeros((length, length), np.float32)
    m = length // 2
    cv2.line(kernel, (round(m - dx / 2), round(m - dy / 2)), (round(m + dx / 2), round(m + dy / 2)), 1)
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def rain(picture, rng, amount):
    """Streaks in the air, and drops on the housing's glass."""
    h, w = picture.shape[:2]
    streaks = np.zeros((h, w), np.float32)
    for _ in range(int(420 * amount)):
        x, y, length = rng.integers(w), rng.integers(h), int(rng.uniform(18, 70))
        cv2.line(streaks, (int(x), int(y)), (int(x + length * 0.12), int(y + length)), float(rng.uniform(0.2, 0.8)), 1, cv2.LINE_AA)
    streaks = cv2.GaussianBlur(streaks, (0, 0), 1.1)
    picture += (np.array((210, 206, 202)) - picture) * streaks[:, :, None] * 0.5
    for _ in range(int(5 * amount)):
        x, y, r = int(rng.integers(40, w - 40)), int(rng.integers(20, int(h * 0.5))), int(rng.uniform(10, 26))
        part = picture[y - r:y + r, x - r:x + r]
        if part.shape[:2] == (2 * r, 2 * r):
            d = np.hypot(*np.mgrid[-r:r, -r:r]) / r
            cover = np.clip((1 - d) * 3, 0, 1)[:, :, None].astype(np.float32)
            part += (cv2.GaussianBlur(part, (0, 0), r * 0.4) * 1.06 - part) * cover
    return picture


def develop(picture, rng, gray=False, gain=1.0, noise=1.6, soft=0.7, contrast=1.0, warmth=0.0):
    """Lens, sensor and the camera's own sharpening; gives the 8-bit picture."""
    h, w = picture.shape[:2]
    picture = cv2.GaussianBlur(picture, (0, 0), soft)
    y, x = np.mgrid[-1:1:h * 1j, -1:1:w * 1j].astype(np.float32)
    picture = picture * (1 - 0.16 * (x * x + y * y) / 2)[:, :, None] * gain
    picture = 128 + (picture - 128) * contrast
    picture = picture * np.array((1 - warmth, 1, 1 + warmth), np.float32)
    if gray:
        picture = np.repeat(cv2.cvtColor(picture.astype(np.float32), cv2.COLOR_BGR2GRAY)[:, :, None], 3, 2)
    picture = 255 * np.tanh(np.maximum(picture, 0) / 255 * 1.05) / np.tanh(1.05)  # highlights roll off
    grain = cv2.GaussianBlur(rng.normal(0, noise * 1.6, (h, w)).astype(np.float32), (0, 0), 0.8)
    picture = picture + grain[:, :, None]
    picture = picture + (picture - cv2.GaussianBlur(picture, (0, 0), 1.4)) * 0.45
    return np.clip(picture, 0, 255).astype(np.uint8)
