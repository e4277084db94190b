/** Has an element hold these children in this order, and no others. What stays where it is keeps its focus. */
export function putInOrder(parent: Element, children: readonly Element[]): void {
  let place = parent.firstElementChild;
  for (const child of children) {
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  while (place !== null) {
    const next = place.nextElementSibling;
    place.remove();
    place = next;
  }
}
