/* Where the picture lies on the page, and which of its pixels lies under a pointer. Pure.
 * Stage and rectangles are in CSS pixels, pictures in their own. */

/* A picture this much smaller than the stage is shown pixel for pixel instead of stretched: an
 * encoder rounds sizes down, and a picture stretched by one pixel is a blurred one. */
const SNAP_PX = 16;

/* The rectangle {left, top, width, height} of the picture: all of it, as large as fits, centred,
 * and on whole device pixels. */
export function fit(stage, picture, ratio) {
  const roomX = stage.width * ratio;
  const roomY = stage.height * ratio;
  let scale = Math.min(roomX / picture.width, roomY / picture.height);
  const spareX = roomX - picture.width;
  const spareY = roomY - picture.height;
  /* Half a pixel: a stage at 150 % is often a fraction smaller than the screen it covers. */
  if (spareX > -0.5 && spareY > -0.5 && spareX <= SNAP_PX && spareY <= SNAP_PX)
    scale = 1;

  const width = picture.width * scale;
  const height = picture.height * scale;
  return {
    left: Math.round((roomX - width) / 2) / ratio,
    top: Math.round((roomY - height) / 2) / ratio,
    width: width / ratio,
    height: height / ratio,
  };
}

/* The point of the picture below (x, y), in picture pixels times `unit`, inside the picture. */
export function toPicture(x, y, rect, picture, unit) {
  const along = (at, begin, size, pixels) => {
    const point = Math.round((at - begin) / size * pixels * unit);
    return Math.min(Math.max(point, 0), pixels * unit - 1);
  };
  return {
    x: along(x, rect.left, rect.width, picture.width),
    y: along(y, rect.top, rect.height, picture.height),
  };
}
