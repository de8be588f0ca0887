"""Vehicles put together from flat drawings in perspective; each knows where its plate hangs."""
import cv2
import numpy as np

from canvas import Canvas

BLACK, RUBBER, CHROME, GLASS = (22, 22, 22), (30, 29, 28), (176, 178, 180), (58, 52, 44)
COLOURS = {"white": (226, 228, 228), "silver": (170, 172, 172), "black": (38, 36, 36), "red": (34, 30, 158),
           "blue": (140, 72, 30), "gray": (104, 104, 102), "orange": (30, 104, 206), "green": (84, 112, 42),
           "yellow": (44, 178, 222), "brown": (52, 74, 104), "teal": (122, 110, 34)}


def _dim(colour, factor):
    return tuple(np.clip(np.array(colour) * factor, 0, 255))


def _windscreen(canvas, points, rng):
    """Dark glass with the sky in it, a dashboard, seats and a sticker."""
    points = np.array(points)
    low, high, left, right = points[:, 1].min(), points[:, 1].max(), points[:, 0].min(), points[:, 0].max()
    canvas.poly(points, (46, 42, 38))
    middle, tall = (left + right) / 2, high - low
    for x in (-0.25, 0.25):  # seats, empty: nobody is drawn
        x = middle + x * (right - left)
        canvas.rect(x - 0.13, low + 0.05 * tall, x + 0.13, low + 0.5 * tall, (30, 28, 27), 0.05, 0.8)
        canvas.rect(x - 0.09, low + 0.5 * tall, x + 0.09, low + 0.68 * tall, (28, 26, 25), 0.04, 0.8)
    canvas.ellipse(middle + 0.25 * (right - left), low + 0.13 * tall, 0.19, 0.08, (20, 19, 18), 0.9)
    sky = points.copy()
    sky[:, 1] = np.maximum(sky[:, 1], low + tall * 0.62)
    canvas.poly(sky, (190, 178, 160), 0.22)
    slant = left + (right - left) * rng.uniform(0.3, 0.7)
    canvas.poly([(slant, low), (slant + 0.22, low), (slant + 0.5, high), (slant + 0.2, high)], (214, 206, 196), 0.13)
    for k in range(2):
        canvas.rect(right - 0.28 - 0.13 * k, high - 0.2, right - 0.2 - 0.13 * k, high - 0.11, (150, 190, 160), 0.01, 0.8)


def _lamp(canvas, x0, y0, x1, y1, radius=0.04):
    canvas.rect(x0, y0, x1, y1, (64, 62, 60), radius)
    canvas.rect(x0 + 0.015, y0 + 0.012, x1 - 0.015, y1 - 0.012, (176, 174, 170), radius * 0.8)
    r = (y1 - y0) * 0.34
    for x in (x0 + (x1 - x0) * 0.3, x0 + (x1 - x0) * 0.68):
        canvas.ellipse(x, (y0 + y1) / 2, r, r, (120, 118, 116))
        canvas.ellipse(x, (y0 + y1) / 2, r * 0.72, r * 0.72, (232, 232, 228))
    canvas.line([(x0 + 0.03, y1 - 0.02), (x1 - 0.03, y1 - 0.02)], 0.008, (250, 250, 246))


class Vehicle:
    """Built once; `draw` lays it into a layer with its nose (or tail) at distance z, its middle at x."""

    def __init__(self, kind, colour, rng, rear=False, yaw=0.0):
        self.kind, self.rear, self.colour, self.yaw = kind, rear, COLOURS[colour], yaw
        self.parts = []    # (canvas, 4 corners in the vehicle's metres), back to front
        self.lamps = []    # vehicle's metres: head or tail lamps
        getattr(self, "_" + kind + ("_rear" if rear else ""))(rng)

    def _front(self, canvas, z=0.0, lean=0.0, base=0.0, top_width=None):
        half, top = canvas.width / 2, (top_width or canvas.width) / 2
        self.parts.append((canvas, [(-top, base + canvas.height, z + lean), (top, base + canvas.height, z + lean),
                                    (half, base, z), (-half, base, z)]))

    def _sides(self, width, height, base, z0, z1, colour, windows, wheels, band=None):
        for side in (-1, 1):
            canvas = Canvas(z1 - z0, height, 160)
            canvas.rect(0, 0, z1 - z0, height, colour, 0.08)
            canvas.shade(0.55, 0.95)
            for x0, y0, x1, y1 in windows:
                canvas.rect(x0, y0, x1, y1, (44, 40, 36), 0.06)
                canvas.rect(x0, y0 + (y1 - y0) * 0.6, x1, y1, (150, 140, 126), 0.05, 0.3)
            if band:
                canvas.rect(0.1, band[0], z1 - z0 - 0.1, band[1], band[2])
            for x in wheels:
                canvas.ellipse(x, 0.0, 0.44, 0.44, (16, 16, 16))
            x = side * width / 2
            self.parts.append((canvas, [(x, base + height, z0), (x, base + height, z1), (x, base, z1), (x, base, z0)]))

    def _greenhouse(self, width, low, high, colour):
        """Rear deck, side windows and roof of a car's cabin."""
        deck = Canvas(1.0, 1.0, 60)
        deck.rect(0, 0, 1, 1, _dim(colour, 0.8))
        half, top = width / 2 - 0.03, width * 0.46 - 0.26
        self.parts.append((deck, [(-half, low, 4.25), (half, low, 4.25), (half, low, 1.1), (-half, low, 1.1)]))
        for side in (-1, 1):
            pane = Canvas(2.6, 0.5, 160)
            pane.rect(0, 0, 2.6, 0.5, _dim(colour, 0.7))
            pane.rect(0.12, 0.05, 1.2, 0.44, (48, 44, 40), 0.04)
            pane.rect(1.3, 0.05, 2.3, 0.44, (48, 44, 40), 0.04)
            near, upper = side * width * 0.46, side * top
            self.parts.append((pane, [(upper, high, 1.9), (upper, high, 3.1), (near, low, 3.9), (near, low, 1.15)]))
        self.parts.append((deck, [(-top, high, 3.1), (top, high, 3.1), (top, high, 1.9), (-top, high, 1.9)]))

    def _wheels(self, half, radius, z):
        canvas = Canvas(0.24, radius * 1.3, 160)
        canvas.rect(0, 0, 0.24, radius * 1.3, RUBBER, 0.05)
        canvas.shade(0.5, 1.0)
        for side in (-1, 1):
            x = side * (half - 0.14)
            self.parts.append((canvas, [(x - 0.12, radius * 1.3, z), (x + 0.12, radius * 1.3, z), (x + 0.12, 0, z), (x - 0.12, 0, z)]))

    # A saloon or an off-roader, from the front.
    def _car(self, rng, width=1.8, nose=0.74, bonnet=0.98, roof=1.45, bumper=0.2):
        c, half = self.colour, 0.9
        self.size = (width, roof)
        self._sides(width, bonnet - 0.3, 0.3, 0.1, 4.3, c, [], [0.75, 3.4])
        self._greenhouse(width, bonnet, roof, c)
        cabin = Canvas(width * 0.92, roof - bonnet, 420)
        w, h = cabin.width, cabin.height
        cabin.poly([(0.0, 0), (w, 0), (w - 0.2, h * 0.93), (w - 0.32, h), (0.32, h), (0.2, h * 0.93)], _dim(c, 0.85))
        _windscreen(cabin, [(0.075, 0.02), (w - 0.075, 0.02), (w - 0.27, h - 0.06), (0.27, h - 0.06)], rng)
        for x in (0.32, 0.95):
            cabin.line([(x * w * 0.5 + 0.1, 0.03), (x * w * 0.5 + 0.62, 0.1)], 0.014, BLACK)
        self._front(cabin, 1.15, 0.75, bonnet)
        top = Canvas(width * 0.93, 1.1, 260)
        top.rect(0, 0, top.width, 1.1, c, 0.1)
        top.shade(1.12, 0.9)
        for x in (0.26, 0.74):
            top.line([(x * top.width, 0.02), (x * top.width + (0.5 - x) * 0.25, 1.08)], 0.02, _dim(c, 0.8), 0.7)
        top.poly([(0.15, 0.1), (0.6, 0.1), (0.9, 1.0), (0.5, 1.0)], (236, 232, 226), 0.18)
        half = top.width / 2
        self.parts.append((top, [(-half * 0.93, bonnet, 1.2), (half * 0.93, bonnet, 1.2), (half, nose, 0.08), (-half, nose, 0.08)]))
        self._wheels(width / 2, 0.33, 0.35)
        f = Canvas(width, nose - bumper + 0.06, 500)
        w, h = f.width, f.height
        f.rect(0, 0, w, h, c, 0.16)
        f.shade(0.62, 1.05)
        f.rect(0.5, h - 0.2, w - 0.5, h - 0.055, (36, 35, 34), 0.05)
        for k in range(4):
            f.line([(0.53, h - 0.08 - 0.032 * k), (w - 0.53, h - 0.08 - 0.032 * k)], 0.009, CHROME)
        f.ellipse(w / 2, h - 0.125, 0.055, 0.05, CHROME)
        f.ellipse(w / 2, h - 0.125, 0.04, 0.035, (90, 90, 92))
        for side in (0, 1):
            x0 = 0.05 if side == 0 else w - 0.47
            _lamp(f, x0, h - 0.21, x0 + 0.42, h - 0.065, 0.05)
            x0 = 0.12 if side == 0 else w - 0.34
            f.rect(x0, 0.1, x0 + 0.22, 0.2, (30, 30, 30), 0.03)
            f.ellipse(x0 + 0.11, 0.15, 0.04, 0.04, (190, 190, 186))
        f.rect(0.46, 0.05, w - 0.46, 0.16, (28, 28, 28), 0.04)
        for k in range(3):
            f.line([(0.5, 0.075 + 0.03 * k), (w - 0.5, 0.075 + 0.03 * k)], 0.006, (70, 70, 70))
        f.line([(0.1, h - 0.235), (w - 0.1, h - 0.235)], 0.007, _dim(c, 0.6))
        f.rect(w / 2 - 0.26, 0.175, w / 2 + 0.26, 0.345, (40, 40, 40), 0.015)
        f.curve(0.3)
        f.grain(rng, 2.0)
        self._front(f, 0.0, 0.05, bumper)
        for side in (-1, 1):
            mirror = Canvas(0.2, 0.14, 300)
            mirror.rect(0, 0, 0.2, 0.14, _dim(c, 0.8), 0.05)
            x = side * (width / 2 + 0.06)
            self.parts.append((mirror, [(x - 0.1, bonnet + 0.14, 1.2), (x + 0.1, bonnet + 0.14, 1.2), (x + 0.1, bonnet, 1.2), (x - 0.1, bonnet, 1.2)]))
        self.plate = (0.0, bumper + 0.26, -0.02)
        self.lamps = [(s * 0.66, bumper + h - 0.14, -0.03) for s in (-1, 1)]

    def _suv(self, rng):
        self._car(rng, 1.9, 0.95, 1.12, 1.75, 0.28)

    def _car_rear(self, rng):
        c = self.colour
        self.size = (1.8, 1.45)
        self._sides(1.8, 0.7, 0.3, 0.1, 4.3, c, [], [0.8, 3.5])
        cabin = Canvas(1.62, 0.5, 420)
        cabin.poly([(0, 0), (1.62, 0), (1.4, 0.47), (1.3, 0.5), (0.32, 0.5), (0.22, 0.47)], _dim(c, 0.85))
        _windscreen(cabin, [(0.1, 0.03), (1.52, 0.03), (1.32, 0.44), (0.3, 0.44)], rng)
        self._front(cabin, 0.5, 0.7, 0.95)
        self._wheels(0.9, 0.33, 0.4)
        f = Canvas(1.8, 0.78, 500)
        f.rect(0, 0, 1.8, 0.78, c, 0.14)
        f.shade(0.6, 1.06)
        for x0 in (0.06, 1.32):
            f.rect(x0, 0.5, x0 + 0.42, 0.68, (24, 20, 120), 0.05)
            f.rect(x0 + 0.04, 0.54, x0 + 0.2, 0.64, (40, 36, 190), 0.03)
            f.rect(x0 + 0.24, 0.54, x0 + 0.38, 0.64, (150, 150, 190), 0.03)
        f.rect(0.62, 0.44, 1.18, 0.64, (40, 40, 40), 0.02)
        f.rect(0.12, 0.06, 1.68, 0.2, (34, 34, 34), 0.05)
        f.line([(0.08, 0.3), (1.72, 0.3)], 0.008, _dim(c, 0.55))
        f.curve(0.3)
        f.grain(rng, 2.0)
        self._front(f, 0.0, 0.05, 0.22)
        self.plate = (0.0, 0.76, -0.02)
        self.lamps = [(s * 0.7, 0.82, -0.03) for s in (-1, 1)]

    # A delivery van.
    def _van(self, rng, width=1.95, height=2.15):
        c = self.colour
        self.size = (width, height)
        self._sides(width, height - 0.4, 0.35, 0.25, 5.2, c, [(0.5, 0.85, 1.5, 1.5)], [0.8, 4.1])
        upper = Canvas(width, height - 1.05, 420)
        w, h = upper.width, upper.height
        upper.poly([(0, 0), (w, 0), (w - 0.16, h - 0.12), (w - 0.3, h), (0.3, h), (0.16, h - 0.12)], c)
        upper.shade(0.9, 1.05)
        _windscreen(upper, [(0.09, 0.06), (w - 0.09, 0.06), (w - 0.2, 0.76), (0.2, 0.76)], rng)
        upper.line([(0.3, 0.06), (0.85, 0.14)], 0.018, BLACK)
        upper.line([(1.0, 0.06), (1.6, 0.14)], 0.018, BLACK)
        self._front(upper, 0.45, 0.55, 1.05)
        nose = Canvas(width, 0.42, 260)
        nose.rect(0, 0, width, 0.42, c, 0.08)
        nose.shade(1.1, 0.92)
        self.parts.append((nose, [(-w / 2, 1.06, 0.46), (w / 2, 1.06, 0.46), (w / 2, 0.92, 0.05), (-w / 2, 0.92, 0.05)]))
        self._wheels(width / 2, 0.34, 0.4)
        f = Canvas(width, 0.72, 500)
        w, h = f.width, f.height
        f.rect(0, 0, w, h, c, 0.1)
        f.rect(0, 0, w, 0.3, (54, 54, 54), 0.08)
        f.shade(0.7, 1.04)
        f.rect(0.52, 0.42, w - 0.52, 0.62, (34, 34, 34), 0.03)
        for k in range(3):
            f.line([(0.54, 0.46 + 0.05 * k), (w - 0.54, 0.46 + 0.05 * k)], 0.012, CHROME)
        f.ellipse(w / 2, 0.52, 0.06, 0.06, CHROME)
        for x0 in (0.06, w - 0.48):
            _lamp(f, x0, 0.4, x0 + 0.42, 0.64, 0.06)
        f.rect(w / 2 - 0.27, 0.08, w / 2 + 0.27, 0.27, (44, 44, 44), 0.015)
        f.curve(0.28)
        f.grain(rng, 2.5)
        self._front(f, 0.0, 0.06, 0.26)
        self.plate = (0.0, 0.26 + 0.175, -0.02)
        self.lamps = [(s * 0.72, 0.78, -0.03) for s in (-1, 1)]

    # A cab-over lorry with a box behind.
    def _lorry(self, rng, width=2.45, cab=2.75, box=3.7):
        c = self.colour
        self.size = (width, cab)
        body = [(150, 152, 150), (204, 204, 200), (96, 78, 40), (60, 88, 140), (44, 60, 150)][int(rng.integers(5))]
        self._sides(width + 0.1, box - 1.1, 1.1, 1.9, 8.5, body, [], [])
        load = Canvas(width + 0.1, box - 1.0, 160)
        load.rect(0, 0, load.width, load.height, body, 0.04)
        for k in range(1, 9):
            load.line([(k * load.width / 9, 0), (k * load.width / 9, load.height)], 0.02, _dim(body, 0.8))
        self._front(load, 1.9, 0.0, 1.0)
        self._sides(width, cab - 0.5, 0.5, 0.08, 1.8, c, [(0.25, 1.05, 1.2, 1.85)], [1.2])
        self._wheels(width / 2, 0.5, 0.9)
        f = Canvas(width, cab - 0.3, 460)
        w, h = f.width, f.height
        f.poly([(0, 0.1), (0.04, 0), (w - 0.04, 0), (w, 0.1), (w, 1.2), (w - 0.1, h - 0.06), (w - 0.2, h), (0.2, h), (0.1, h - 0.06), (0, 1.2)], c)
        f.shade(0.85, 1.04)
        _windscreen(f, [(0.12, 1.3), (w - 0.12, 1.3), (w - 0.2, 2.08), (0.2, 2.08)], rng)
        for k in range(3):
            f.line([(0.3 + 0.62 * k, 1.3), (0.85 + 0.62 * k, 1.38)], 0.02, BLACK)
        f.rect(0.25, 2.15, w - 0.25, 2.24, _dim(c, 0.7), 0.03)
        for k in range(3):
            f.rect(w / 2 - 0.5 + 0.45 * k, 2.33, w / 2 - 0.4 + 0.45 * k, 2.37, (40, 140, 230), 0.01)
        f.rect(0.34, 0.72, w - 0.34, 1.2, (40, 40, 40), 0.05)
        for k in range(5):
            f.rect(0.38, 0.76 + 0.088 * k, w - 0.38, 0.80 + 0.088 * k, _dim(c, 0.75) if rng.random() < 0.5 else CHROME, 0.01)
        f.ellipse(w / 2, 0.98, 0.1, 0.1, CHROME)
        f.ellipse(w / 2, 0.98, 0.075, 0.075, (70, 70, 70))
        f.rect(0.0, 0.0, w, 0.62, _dim(c, 0.62) if rng.random() < 0.5 else (70, 70, 70), 0.06)
        f.shade(0.6, 1.0, y0=0.0, y1=0.62)
        for x0 in (0.1, w - 0.62):
            _lamp(f, x0, 0.26, x0 + 0.52, 0.5, 0.05)
            f.rect(x0 + 0.06, 0.08, x0 + 0.4, 0.18, (60, 60, 60), 0.03)
            f.ellipse(x0 + 0.18, 0.13, 0.045, 0.045, (200, 200, 196))
        f.rect(0.75, 0.06, w - 0.75, 0.17, (34, 34, 34), 0.02)
        f.rect(w / 2 - 0.27, 0.23, w / 2 + 0.27, 0.43, (50, 50, 50), 0.015)
        f.line([(0.05, 0.65), (w - 0.05, 0.65)], 0.014, _dim(c, 0.5))
        f.curve(0.18)
        f.grain(rng, 3.0)
        self._front(f, 0.0, 0.06, 0.3)
        for side in (-1, 1):
            mirror = Canvas(0.24, 0.62, 260)
            mirror.rect(0.02, 0.1, 0.22, 0.5, (34, 34, 34), 0.05)
            mirror.rect(0.09, 0.0, 0.13, 0.62, (40, 40, 40))
            x = side * (width / 2 + 0.2)
            self.parts.append((mirror, [(x - 0.12, 2.3, -0.1), (x + 0.12, 2.3, -0.1), (x + 0.12, 1.6, -0.1), (x - 0.12, 1.6, -0.1)]))
        self.plate = (0.0, 0.3 + 0.33, -0.03)
        self.lamps = [(s * (width / 2 - 0.36), 0.68, -0.04) for s in (-1, 1)]

    # A box or container lorry from behind; also a semi-trailer.
    def _lorry_rear(self, rng, width=2.5, height=2.6, base=1.15):
        c = self.colour
        self.size = (width, base + height)
        self._sides(width, height, base, 0.05, 9.0, _dim(c, 0.9), [], [])
        self._wheels(width / 2, 0.5, 1.2)
        self._wheels(width / 2 - 0.32, 0.5, 1.25)
        under = Canvas(width, 0.62, 300)
        under.rect(0.15, 0.0, width - 0.15, 0.62, (26, 25, 24))
        self._front(under, 0.9, 0.0, 0.55)
        f = Canvas(width, height, 400)
        w, h = f.width, f.height
        f.rect(0, 0, w, h, c, 0.03)
        f.shade(0.8, 1.02)
        for k in range(13):
            f.line([(0.08 + k * (w - 0.16) / 12, 0.1), (0.08 + k * (w - 0.16) / 12, h - 0.1)], 0.02, _dim(c, 0.82), 0.8)
        f.line([(w / 2, 0.03), (w / 2, h - 0.03)], 0.025, (30, 30, 30))
        for x in (0.3, 0.9, w - 0.9, w - 0.3):
            f.line([(x, 0.04), (x, h - 0.04)], 0.035, (150, 150, 148))
            f.line([(x, 0.04), (x, h - 0.04)], 0.01, (214, 214, 212))
            for y in (0.12, h - 0.12):
                f.rect(x - 0.05, y - 0.05, x + 0.05, y + 0.05, (120, 120, 118), 0.01)
        for x in (0.9, w - 0.9):
            f.line([(x, 0.7), (x + (0.3 if x < w / 2 else -0.3), 0.68)], 0.03, (130, 130, 128))
        for x in (0.01, w - 0.05):
            for y in (0.3, 1.2, 2.1):
                f.rect(x, y, x + 0.05, y + 0.14, (60, 60, 60))
        for k in range(12):
            f.rect(0.06 + 0.2 * k, 0.005, 0.16 + 0.2 * k, 0.055, (36, 34, 190) if k % 2 else (226, 226, 226))
        f.grain(rng, 4.0)
        self._front(f, 0.0, 0.0, base)
        sill = Canvas(width, 0.5, 420)
        sill.rect(0.0, 0.3, width, 0.5, (40, 40, 38), 0.02)
        for x0 in (0.1, width - 0.62):
            sill.rect(x0, 0.32, x0 + 0.52, 0.48, (26, 22, 118), 0.02)
            for k, tone in enumerate(((40, 34, 190), (30, 120, 220), (190, 190, 200))):
                sill.rect(x0 + 0.03 + 0.16 * k, 0.345, x0 + 0.16 + 0.16 * k, 0.455, tone, 0.02)
        sill.rect(0.12, 0.03, width - 0.12, 0.15, (58, 58, 56), 0.02)
        for k in range(14):
            sill.rect(0.14 + 0.16 * k, 0.05, 0.22 + 0.16 * k, 0.13, (36, 34, 180) if k % 2 else (220, 220, 220))
        sill.rect(width / 2 - 0.27, 0.165, width / 2 + 0.27, 0.435, (46, 46, 46), 0.01)
        sill.grain(rng, 3.0)
        self._front(sill, -0.03, 0.0, base - 0.5)
        self.plate = (0.0, base - 0.2, -0.06)
        self.lamps = [(s * (width / 2 - 0.36), base - 0.1, -0.06) for s in (-1, 1)]

    def _coach(self, rng):
        self._lorry_like_bus(rng, 2.45, 3.1)

    def _lorry_like_bus(self, rng, width, height):
        c = self.colour
        self.size = (width, height)
        windows = [(0.6 + 1.5 * k, 1.15, 1.95 + 1.5 * k, 2.1) for k in range(5)]
        self._sides(width, height - 0.4, 0.35, 0.1, 9.0, c, windows, [1.6, 6.8], (0.7, 0.85, (40, 60, 170)))
        self._wheels(width / 2, 0.48, 1.2)
        f = Canvas(width, height - 0.28, 460)
        w, h = f.width, f.height
        f.rect(0, 0, w, h, c, 0.2)
        f.shade(0.75, 1.05)
        _windscreen(f, [(0.1, 1.0), (w - 0.1, 1.0), (w - 0.14, 2.3), (0.14, 2.3)], rng)
        f.line([(w / 2, 1.0), (w / 2, 2.3)], 0.02, (30, 30, 30))
        f.rect(0.35, 2.42, w - 0.35, 2.64, (24, 24, 24), 0.03)
        for k in range(9):
            f.rect(0.6 + 0.14 * k, 2.48, 0.68 + 0.14 * k, 2.58, (30, 120, 220), 0.01, 0.7)
        f.rect(0, 0.62, w, 0.8, (40, 60, 170), 0.0, 0.9)
        for x0 in (0.1, w - 0.62):
            _lamp(f, x0, 0.3, x0 + 0.52, 0.54, 0.08)
        f.rect(0.7, 0.05, w - 0.7, 0.15, (34, 34, 34), 0.02)
        f.rect(w / 2 - 0.27, 0.2, w / 2 + 0.27, 0.4, (50, 50, 50), 0.015)
        f.line([(0.05, 0.6), (w - 0.05, 0.6)], 0.012, _dim(c, 0.55))
        f.curve(0.25)
        f.grain(rng, 2.5)
        self._front(f, 0.0, 0.05, 0.28)
        self.plate = (0.0, 0.28 + 0.3, -0.03)
        self.lamps = [(s * (width / 2 - 0.36), 0.7, -0.04) for s in (-1, 1)]

    def _place(self, points, x, z):
        """From the vehicle's metres to the world: turned by yaw about its nose, then moved."""
        points = np.asarray(points, np.float64)
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        return np.stack([points[:, 0] * c + points[:, 2] * s + x, points[:, 1],
                         -points[:, 0] * s + points[:, 2] * c + z], 1)

    def draw(self, layer, x, z, light=1.0):
        width = self.size[0]
        half, shadow = width / 2 + 0.5, np.zeros((160, 160, 4), np.float32)
        shadow[22:, round(80 - 80 * (half - 0.42) / half):round(80 + 80 * (half - 0.42) / half), 3] = 0.86
        shadow[:, :, 3] = cv2.GaussianBlur(shadow[:, :, 3], (0, 0), 8)[::-1]
        shadow[:, :, :3] = (16, 15, 14)
        layer.quad(shadow, self._place([(-half, 0.01, 5), (half, 0.01, 5), (half, 0.01, -0.9), (-half, 0.01, -0.9)], x, z))
        for canvas, corners in self.parts:
            layer.quad(canvas.pixels, self._place(corners, x, z), light)

    def plate_corners(self, x, z, millimetres):
        """World corners of a plate of (width, height) in millimetres on its holder."""
        w, h = millimetres[0] / 2000, millimetres[1] / 2000
        px, py, pz = self.plate
        return self._place([(px - w, py + h, pz), (px + w, py + h, pz), (px + w, py - h, pz), (px - w, py - h, pz)], x, z)

    def lamp_points(self, x, z):
        return self._place(self.lamps, x, z)
