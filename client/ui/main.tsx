import { render } from 'preact';
import { App } from './app.tsx';
import { followRoute } from './state/session.ts';
import './theme.css';

const container = document.getElementById('app');
if (!container) throw new Error('The page has no element with the id "app".');

followRoute();
render(<App />, container);
