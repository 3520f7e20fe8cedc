import t from '../support/tap.ts';
import { sourceLists } from '../../server/setup/worker/libsrtp.ts';

t.test('lists of packages become lists of their sources, in both forms', (t) => {
  const etc = t.testdir({
    'sources.list': '# deb off\ndeb [signed-by=/k] mirror stable main\ndeb-src mirror stable main\n',
    'sources.list.d': {
      'debian.sources': 'Types: deb deb-src\nURIs: mirror\n\nTypes: deb\nURIs: other\n',
      'off.list.disabled': 'deb mirror stable main\n',
    },
  });
  t.same(sourceLists(etc), [
    { name: 'sources.list', text: '# deb off\ndeb-src [signed-by=/k] mirror stable main\n\n' },
    { name: 'debian.sources', text: 'Types: deb-src\nURIs: mirror\n\nTypes: deb-src\nURIs: other\n' },
  ]);
  t.end();
});
