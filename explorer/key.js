// The API key lives as long as this tab, in no cookie and in no address.
const NAME = 'gappt:key';

export const keptKey = () => sessionStorage.getItem(NAME) ?? '';

export const keepKey = key => sessionStorage.setItem(NAME, key);

export const forgetKey = () => sessionStorage.removeItem(NAME);
