"""Strips that are no plate: what the reader must refuse to read."""
import glob
import random
import sys

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import drawing
from drawing import chance, frame, shade, some, uniform
from plates import HEIGHT, WIDTH, jitter, rectify
from train_localiser import MAY_HOLD_PLATES

WORDS = "出入口停车场公司有限工厂货运物流高速路严禁烟火安全生产注意减速慢行前方学校医院超市便利店" \
    "酒店中国建设银行欢迎光临电话请勿靠近危险品专用车道收费站大众丰田本田东风解放长城客户服务"


def find_fonts():
    """Chinese and Latin fonts for signs; which ones are there changes what is drawn, no more."""
    cjk = sorted(glob.glob("/usr/share/fonts/**/*CJK-*.ttc", recursive=True))
    if not cjk:
        sys.exit("no Chinese font to draw signs with: apt-get install fonts-noto-cjk")
    return cjk, sorted(glob.glob("/usr/share/fonts/**/DejaVuSans*.ttf", recursive=True))


class Refused:
    """Draws strips that hold no Chinese plate, each of one kind by chance."""

    def __init__(self, data, faces, foreign, alarms=None, bank=None):
        self.foreign, self.alarms, self.bank = foreign, alarms or [], bank
        self.cjk, self.latin = find_fonts()
        self.patches, self.photographs = [], []
        for row in drawing.manifest(data):
            if row["file"].startswith("patches") and row["split"] == "train":
                info = dict(p.split("=") for p in row["quad_or_bbox"].split(";"))
                (w, h), cols = map(int, info["cell"].split("x")), int(info["cols"])
                sheet = cv2.imread(f"{data}/{row['file']}")
                self.patches += [sheet[i // cols * h:, i % cols * w:][:h, :w]
                                 for i in range(int(info["n"]))]
        if faces:
            files = sorted(glob.glob(f"{faces}/scenes/**/*.jpg", recursive=True)
                           + glob.glob(f"{faces}/negatives/*.jpg"))
            files = [f for f in files if not MAY_HOLD_PLATES.search(f)]
            self.photographs = [f for f in random.Random(1).sample(files, min(300, len(files)))]
            self.photographs = [cv2.imread(f) for f in self.photographs]

    def text(self):
        """What signs, lorries, badges and cameras write."""
        return random.choice([
            lambda: some(WORDS, random.randint(2, 8)),
            lambda: some(WORDS, random.randint(1, 3)) + some("0123456789", random.randint(1, 6)),
            lambda: "1" + some("0123456789", 10),
            lambda: "-".join([some("0123456789", 4), some("0123456789", 7)]),
            lambda: f"20{some('012')}{some('0123456789')}-{some('01')}{some('0123456789')}"
                    f"-{some('0123')}{some('0123456789')} {some('012')}{some('0123456789')}:"
                    f"{some('0123456789', 2)}",
            lambda: some(drawing.LETTERS + "IO", random.randint(3, 9)),
            lambda: some(drawing.LETTERS, random.choice([1, 2, 3])) + random.choice(" -.")
            + some(drawing.BOTH, random.randint(3, 5)),
            lambda: some("0123456789", random.randint(2, 9)),
        ])()

    def sign(self):
        """A rendered sign or foreign plate, cut like a plate."""
        text = self.text()
        chinese = any(c in WORDS for c in text)
        font = ImageFont.truetype(random.choice(self.cjk if chinese else self.latin + self.cjk), 48)
        box = font.getbbox(text)
        w, h = box[2] - box[0] + random.randint(8, 50), box[3] - box[1] + random.randint(8, 40)
        ground = random.choice(list(drawing.GROUNDS.values()) + [(40, 40, 190), (200, 220, 230)])
        image = Image.new("RGB", (w, h), tuple(int(v) for v in shade(ground, 25)))
        dark = sum(ground) > 330
        ink = shade((35, 35, 35) if dark else (230, 230, 230), 25)
        ImageDraw.Draw(image).text(((w - box[2] + box[0]) / 2 - box[0],
                                    (h - box[3] + box[1]) / 2 - box[1]), text, font=font,
                                   fill=tuple(int(v) for v in ink))
        return np.ascontiguousarray(image), frame(w, h, 0)

    def unlike(self):
        """A plate drawn as ours are, with a text that none of ours has."""
        letters, digits = drawing.LETTERS, drawing.DIGITS
        if chance(0.25):                        # armed police: eight characters, WJ first
            text = "WJ" + some(drawing.PROVINCES + letters + digits) + some(digits, 5)
            return drawing.draw_plate(self.bank, kind="white", text=text)
        pattern = random.choice(["LLDDDLL", "LLLDDDD", "DLDDDDD", "DDDDLLL", "LDDDLLL", "LLDLLLL",
                                 "DDDDDDD", "LLLLLDD"])
        text = "".join(some(letters if c == "L" else digits) for c in pattern)
        kind = random.choice(["white", "white", "yellow", "blue", "black"])
        return drawing.draw_plate(self.bank, kind=kind, text=text)

    def hide(self, strip):
        """A part of the plate behind something else: at least one character at an end."""
        columns, rows = np.arange(WIDTH)[None], np.arange(HEIGHT)[:, None]
        hidden = uniform(0.17, 0.65) * WIDTH
        edge = hidden + uniform(-0.8, 0.8) * (rows - HEIGHT / 2)
        mask = columns < edge if chance(0.35) else columns > WIDTH - edge
        cover = np.full_like(strip, np.random.randint(0, 255, 3))
        if self.photographs and chance(0.7):
            image = random.choice(self.photographs)
            top, left = (random.randint(0, max(0, n - 60)) for n in image.shape[:2])
            cover = cv2.resize(image[top:top + 60, left:left + 240], (WIDTH, HEIGHT))
        return np.where(mask[:, :, None], cover, strip)

    def strip(self, plate):
        """One strip and whether it is cut as a double row; `plate`: some real or drawn plate."""
        kind = random.choices(
            ["foreign", "patch", "photo", "sign", "part", "shape", "alarm", "hidden", "unlike"],
            [2, 1, 1.3, 2, 1.3, 1.2, 2.5 if self.alarms else 0, 1.6, 1.8 if self.bank else 0])[0]
        double = chance(0.25)
        if kind == "foreign" and self.foreign:
            p = random.choice(self.foreign)
            return rectify(p.image, jitter(p.exact, chance(0.6), 0.1), double)
        if kind == "patch" and self.patches:
            image = random.choice(self.patches)
            return cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
        if kind == "photo" and self.photographs:
            image = random.choice(self.photographs)
            h, w = image.shape[:2]
            width = min(w, h) * uniform(0.08, 0.6)
            q = frame(1, 1, 0) * [width, width / uniform(1.6, 3.8)]
            q = q + [uniform(0, max(1, w - width)), uniform(0, max(1, h - width / 2))]
            return rectify(image, jitter(q.astype(np.float32), True), double)
        if kind == "alarm":
            image, corners = random.choice(self.alarms)
            return rectify(image, jitter(corners, chance(0.6)), double)
        if kind == "hidden":
            return self.hide(rectify(plate.image, jitter(plate.exact, chance(0.4)), plate.double))
        if kind == "unlike":
            p = self.unlike()
            return rectify(p.image, jitter(p.corners, chance(0.5), 0.1), False)
        if kind == "part":                      # half a plate, or one much too wide or askew
            q = plate.exact
            along, down = q[1] - q[0], q[3] - q[0]
            how = random.randint(0, 3)
            if how == 0:
                q = q + along * random.choice([-1, 1]) * uniform(0.35, 0.8)
            elif how == 1:
                q = q + down * random.choice([-1, 1]) * uniform(0.6, 1.0)
            elif how == 2:
                q = q.mean(0) + (q - q.mean(0)) * uniform(1.8, 3)
            else:
                q = q[[2, 3, 0, 1]] if chance(0.5) else q[[1, 0, 3, 2]]
            return rectify(plate.image, jitter(q.astype(np.float32), False), plate.double)
        if kind == "shape":                     # the wrong number of rows
            return rectify(plate.image, jitter(plate.exact, chance(0.5)), not plate.double)
        image, corners = self.sign()
        return rectify(image, jitter(corners, chance(0.6), 0.1), double)


