// The part of `editor.py` that runs in Chromium: what bringing a stroke's frame to the screen takes.
//
// Called with a scan (.nii.gz) in base64 and the places of a brush; NiiVue draws as it does on the page.

import { loadScan } from "../frontend/src/viewer/load";
import { Viewer } from "../frontend/src/viewer/viewer";

window.refreshed = async (base64, frames) => {
	const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
	const scan = await loadScan(bytes.buffer);
	const [nx, ny, nz] = scan.grid.shape;
	const host = document.createElement("div");
	host.style.cssText = "position: fixed; inset: 0";
	document.body.replaceChildren(host);
	const viewer = await Viewer.create(host, {
		onClick: () => {},
		onChange: () => {},
	});
	await viewer.show(scan, {
		grid: scan.grid,
		labels: new Uint16Array(nx * ny * nz),
	});
	const { nv } = viewer;
	const pixel = new Uint8Array(4);
	const finished = () =>
		nv.gl.readPixels(0, 0, 1, 1, nv.gl.RGBA, nv.gl.UNSIGNED_BYTE, pixel);
	const timed = (work) => {
		const began = performance.now();
		work();
		finished(); // waits until it is drawn
		return performance.now() - began;
	};
	finished();
	const told = { ours: [], niivue: [] };
	for (const voxels of frames) {
		told.ours.push(timed(() => viewer.paint(voxels, () => 1)));
		told.niivue.push(
			timed(() => {
				for (const voxel of voxels) nv.drawBitmap[voxel] = 0;
				nv.refreshDrawing(true);
			}),
		);
	}
	return told;
};
