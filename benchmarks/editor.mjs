// The part of `editor.py` that runs in node: strokes, choosing, deleting and undo on one mask, timed.
//
//     node (bundled) MASK NX NY NZ SX SY SZ
//
// MASK holds one byte per voxel, x fastest. NiiVue is left out: what its texture would be given is
// cut out of the bitmap as the page does it, and dropped.

import { readFileSync } from "node:fs";
import { DrawingLayer } from "../frontend/src/editor/drawingLayer";
import { Drawn } from "../frontend/src/editor/drawn";
import { FIRST_SETTINGS } from "../frontend/src/editor/palette";
import { Stroke } from "../frontend/src/editor/stroke";
import { paintVoxels } from "../frontend/src/viewer/mask";
import { voxelOfIndex } from "../frontend/src/voxels/grid";

const [file, ...numbers] = process.argv.slice(2);
const [nx, ny, nz, sx, sy, sz] = numbers.map(Number);
const grid = {
	shape: [nx, ny, nz],
	affine: [sx, 0, 0, 0, 0, sy, 0, 0, 0, 0, sz, 0, 0, 0, 0, 1],
};
const bitmap = new Uint8Array(nx * ny * nz);
const nothing = () => undefined;
const gl = {
	activeTexture: nothing,
	bindTexture: nothing,
	pixelStorei: nothing,
	texSubImage3D: nothing,
};
const nv = {
	back: { dims: [3, nx, ny, nz] },
	drawBitmap: bitmap,
	gl,
	drawScene: nothing,
};

let touched = [];
const drawn = new Drawn({
	grid,
	start: readFileSync(file),
	edits: [],
	minMm3: 10.7,
	onEdit: (_edit, voxels) => {
		touched = voxels;
		paintVoxels(nv, voxels, (voxel) => (drawn.map.has(voxel) ? 1 : 0));
		drawn.lesions; // what the list shows
		drawn.slices; // what the strip shows
	},
});
const REPEATS = 3;
const world = { grid, map: drawn.map, values: new Float32Array(0) };
const names = ["frame", "lift", "choose", "delete", "undo"];
const told = { lesions: drawn.map.lesions.size, outside: 0 };
for (const name of names) told[name] = [];
const painting = {
	paint: (voxels, look) => {
		touched = voxels;
		paintVoxels(nv, voxels, look);
	},
};
const layer = new DrawingLayer(painting, drawn, grid);

const timed = (work) => {
	const began = performance.now();
	work();
	return performance.now() - began;
};

/** The least of some repeats of each time: what other programs took meanwhile is not in it. */
function least(repeat) {
	const rounds = Array.from({ length: REPEATS }, repeat);
	return rounds[0].map((_, at) =>
		Math.min(...rounds.map((times) => times[at])),
	);
}

/** A round brush of 4 mm through the middle of a lesion, four places of the pointer per frame. */
function stroke(lesion) {
	const [x, y, z] = drawn.centreOf(lesion);
	const at = (step) => ({
		index: [x - 20 + step, y + 6 * Math.sin(step / 5), z],
		mm: [0, 0, 0],
		plane: 0,
	});
	const made = new Stroke(
		world,
		{ ...FIRST_SETTINGS, radiusMm: 4 },
		at(0),
		false,
	);
	const times = [];
	for (let step = 0; step < 40; step += 4) {
		times.push(
			timed(() => {
				const fresh = made.follow([
					at(step),
					at(step + 1),
					at(step + 2),
					at(step + 3),
				]);
				paintVoxels(nv, fresh, () => 1);
			}),
		);
	}
	times.push(timed(() => drawn.change("brush", made.finish())));
	drawn.undo();
	return times;
}

/** Deleting a lesion and taking that back. */
function deletion(lesion) {
	const members = drawn.map.voxelsOf(lesion);
	const gone = timed(() => drawn.change("delete", [], members));
	told.outside += outside(members);
	const back = timed(() => drawn.undo());
	told.outside += outside(members);
	return [gone, back];
}

/** Choosing a lesion. */
function choice(lesion) {
	layer.choose(0);
	const chosen = timed(() => layer.choose(lesion));
	told.outside += outside(drawn.map.voxelsOf(lesion));
	return [chosen];
}

/** How many of the voxels that were touched lie outside the box of a lesion. */
function outside(members) {
	const places = members.map((voxel) => voxelOfIndex(voxel, grid.shape));
	const low = [0, 1, 2].map((axis) =>
		Math.min(...places.map((place) => place[axis])),
	);
	const high = [0, 1, 2].map((axis) =>
		Math.max(...places.map((place) => place[axis])),
	);
	const isIn = (place) =>
		place.every((value, axis) => low[axis] <= value && value <= high[axis]);
	return touched.filter((voxel) => !isIn(voxelOfIndex(voxel, grid.shape)))
		.length;
}

/** A hundred lesions, the largest first. */
function some() {
	const ids = [...drawn.map.lesions.keys()];
	const size = (id) => drawn.map.voxelsOf(id).length;
	const largest = ids.reduce((one, other) =>
		size(other) > size(one) ? other : one,
	);
	return [largest, ...ids.filter((id) => id !== largest).slice(0, 99)];
}

for (const lesion of some().slice(0, 30)) stroke(lesion); // warms everything up
for (const lesion of some()) {
	const times = least(() => stroke(lesion));
	told.lift.push(times.pop());
	told.frame.push(...times);
}
for (const lesion of some()) told.choose.push(...least(() => choice(lesion)));
layer.choose(0);
for (const lesion of some()) {
	const [gone, back] = least(() => deletion(lesion));
	told.delete.push(gone);
	told.undo.push(back);
}
console.log(JSON.stringify(told));
