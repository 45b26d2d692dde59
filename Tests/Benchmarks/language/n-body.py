import math


def run():
    px, py = [0.0, 4.84, 8.34, 12.89, 15.37], [0.0, -1.16, 4.12, -15.11, -25.9]
    vx, vy = [0.0, 0.6, -1.01, 1.08, 0.97], [0.0, 2.8, 1.82, 0.86, 0.59]
    m = [39.47, 0.037, 0.011, 0.0017, 0.002]
    for _ in range(20000):
        for i in range(5):
            for j in range(i + 1, 5):
                dx, dy = px[i] - px[j], py[i] - py[j]
                d = dx * dx + dy * dy + 0.01
                f = 0.001 / (d * math.sqrt(d))
                vx[i] -= dx * m[j] * f
                vy[i] -= dy * m[j] * f
                vx[j] += dx * m[i] * f
                vy[j] += dy * m[i] * f
        for i in range(5):
            px[i] += 0.001 * vx[i]
            py[i] += 0.001 * vy[i]
    r = px[0] + py[1]
    assert r == r
