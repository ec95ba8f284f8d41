import { expect, test } from 'vitest'
import { LesionTour } from './tour'

const lesions = [1, 2, 3, 4].map((id) => {
  const mm: [number, number, number] = [0, 0, id]
  return { id, centre_mm: mm, voxel_mm: mm }
})

test('it goes to what was not seen first, and back the way it came', () => {
  const tour = new LesionTour(lesions)
  expect([tour.go(1)?.id, tour.go(1)?.id]).toEqual([1, 2])
  tour.note(3)
  expect(tour.go(1)?.id).toBe(4)
  expect(tour.left).toBe(0)
  expect([tour.go(-1)?.id, tour.go(-1)?.id]).toEqual([3, 2])
  expect(tour.go(1)?.id).toBe(3)
  expect([tour.go(1)?.id, tour.go(1)?.id]).toEqual([4, 1])
})

test('it goes on where it stood on another machine', () => {
  const tour = new LesionTour(lesions, [1, 3], 3)
  expect([tour.position, tour.left]).toEqual([3, 2])
  expect(tour.go(1)?.id).toBe(4)
  expect(tour.go(1)?.id).toBe(2)
})

test('backwards it begins with the last; without lesions there is none', () => {
  expect(new LesionTour(lesions).go(-1)?.id).toBe(4)
  expect(new LesionTour([]).go(1)).toBe(null)
})
