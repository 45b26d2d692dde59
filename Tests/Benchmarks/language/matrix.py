def make(n, k):
    return [[(i * k + j) % 10 + 0.5 for j in range(n)] for i in range(n)]


def product(a, b):
    n = len(a)
    c = [[0.0 for j in range(n)] for i in range(n)]
    for i in range(n):
        for j in range(n):
            s = 0.0
            for k in range(n):
                s += a[i][k] * b[k][j]
            c[i][j] = s
    return c


def run():
    c = product(make(90, 3), make(90, 7))
    assert c[5][7] > 0
