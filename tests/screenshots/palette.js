// The pixels of a PNG in at most 64 colours: what an interface needs, in a third of the bytes.
// Answers the palette (r, g, b …) and one index per pixel, both as base64.
async (png) => {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, picture.width, picture.height).data.buffer);

  const times = new Map();
  for (const pixel of pixels) times.set(pixel, (times.get(pixel) || 0) + 1);
  const parts = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
  // The most frequent colours, but none that is nearly another's: a rare red must not lose against a tenth grey.
  const palette = [];
  const distance = (a, b) => (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
  for (const [pixel] of Array.from(times).sort((a, b) => b[1] - a[1])) {
    if (palette.length === 64) break;
    const colour = parts(pixel);
    if (palette.every((other) => distance(other, colour) >= (palette.length < 24 ? 12 : 500))) palette.push(colour);
  }
  const nearest = new Map();
  const find = (pixel) => {
    const colour = parts(pixel);
    let best = 0, least = Infinity;
    palette.forEach((other, index) => {
      const far = distance(other, colour);
      if (far < least) { least = far; best = index; }
    });
    return best;
  };
  const indices = new Uint8Array(pixels.length);
  pixels.forEach((pixel, place) => {
    if (!nearest.has(pixel)) nearest.set(pixel, find(pixel));
    indices[place] = nearest.get(pixel);
  });

  const text = (array) => {
    let all = "";
    for (let start = 0; start < array.length; start += 32768) all += String.fromCharCode(...array.subarray(start, start + 32768));
    return btoa(all);
  };
  return { width: picture.width, height: picture.height, palette: text(Uint8Array.from(palette.flat())), indices: text(indices) };
}
