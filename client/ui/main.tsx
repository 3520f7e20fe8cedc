import { render } from 'preact';
import { App } from './app.tsx';
import { followAddress } from './state/access-token.ts';
import { followRoute } from './state/session.ts';
import './theme.css';

const container = document.getElementById('app');
if (!container) throw new Error('The page has no element with the id "app".');

followAddress();
followRoute();
render(<App />, container);
