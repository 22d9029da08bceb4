const byPromises = ['then', 'catch', 'finally'];
const byInspectors = ['inspect', 'href', 'protocol', 'cause'];
const byTestLibraries = ['nodeType', 'tagName', 'asymmetricMatch'];
const asked = new Set(['toJSON', ...byPromises, ...byInspectors, ...byTestLibraries]);

/** Whether a name may be asked of any object to see what it is: then the answer is `undefined`, and no mistake. */
export function isAskedByMachinery(name: string | symbol): boolean {
  return typeof name === 'symbol' || asked.has(name) || !/^[A-Za-z]/.test(name);
}
